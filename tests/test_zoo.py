"""The bug zoo: each mistake that debug mode finds, made once, with its message; its twin without it is clean.

Each animal is a C source in tests/zoo with the functions `wrong` and `right`. They run in processes of their own,
because some mistakes stop the program.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import extensions

ZOO = Path(__file__).with_name("zoo")

STOPS = -signal.SIGABRT
FAULTS = -signal.SIGSEGV
CLOSED = "Fatal Python error: HPy_FatalError: Invalid usage of already closed"


@dataclass(frozen=True)
class Animal:
    """A mistake: its message (without one, the program just stops), how the program ends, further text on stderr."""

    name: str
    message: str
    status: int = 0
    also: str = ""
    calls: int = 1


ANIMALS = [
    Animal("leaked_handle", "a handle for 'some text' was never closed"),
    Animal(
        "closed_handle_used",
        "closed_handle_used.wrong: argument 'obj' of HPy_Repr is a closed handle",
        STOPS,
        "Invalid usage of already closed handle",
    ),
    Animal(
        "handle_closed_twice",
        "handle_closed_twice.wrong: argument 'h' of HPy_Close is a closed handle",
        STOPS,
        "Invalid usage of already closed handle",
    ),
    Animal("constant_closed", "constant_closed.wrong closed a constant of the context", STOPS),
    Animal("argument_closed", "argument_closed.wrong closed an argument, which belongs to the caller", STOPS),
    Animal("argument_returned", "argument_returned.wrong returned an argument without HPy_Dup", STOPS),
    Animal("constant_returned", "constant_returned.wrong returned a constant of the context without HPy_Dup", STOPS),
    Animal("not_a_handle", "not_a_handle.wrong: argument 'obj' of HPy_Repr is 0x1234, which is not a handle", STOPS),
    Animal("null_handle", "null_handle.wrong: argument 'obj' of HPy_Repr is HPy_NULL", 1, "SystemError: null_handle.wrong"),
    Animal(
        "handle_kept",
        "handle_kept.wrong: argument 'obj' of HPy_Repr is a handle from an earlier call: keep objects in an HPyField "
        "or an HPyGlobal, a handle is for one call",
        calls=2,
    ),
    Animal(
        "builder_reused",
        "builder_reused.wrong: HPyListBuilder_Set of a builder that was built or cancelled before",
        STOPS,
        "Invalid usage of already closed builder",
    ),
    Animal("builder_unfinished", "builder_unfinished.wrong neither built nor cancelled an HPyTupleBuilder"),
    Animal(
        "builder_filled_with_null",
        "builder_filled_with_null.wrong: argument 'h_item' of HPyListBuilder_Set is HPy_NULL",
        STOPS,
    ),
    Animal("tracker_unclosed", "tracker_unclosed.wrong did not close an HPyTracker"),
    Animal("text_after_close", "", FAULTS),
    Animal("text_written", "", FAULTS),
    Animal(
        "wrong_struct",
        "wrong_struct.wrong: Invalid usage of _HPy_AsStruct_Object: the type has the shape "
        "HPyType_BuiltinShape_Float, not HPyType_BuiltinShape_Object, for 0.0",
        STOPS,
    ),
    Animal("no_type", "no_type.wrong: HPy_TypeCheck arg 2 must be a type, got 'some text'", STOPS),
    Animal(
        "context_kept",
        "context_kept.wrong: HPy_Dup was called with a context that is not that of this call: a context is valid "
        "until the call that got it returns, and not in the calls made from there",
        STOPS,
        "Error: Wrong HPy Context!",
        calls=2,
    ),
    Animal("error_missing", "error_missing.wrong returned an error without setting an exception", 1, "SystemError: "),
    Animal(
        "error_unexpected",
        "error_unexpected.wrong returned a result with an exception set, by HPyErr_SetString",
        1,
        "ValueError: never mind",
    ),
    Animal(
        "error_pending",
        "error_pending.wrong called HPy_Repr while the exception that HPyErr_SetString set is pending: handle it or "
        "return first",
    ),
    Animal(
        "leave_unbalanced",
        "leave_unbalanced.wrong returned without HPy_ReenterPythonExecution after HPy_LeavePythonExecution",
        1,
    ),
    Animal(
        "reenter_unbalanced",
        "reenter_unbalanced.wrong called HPy_ReenterPythonExecution without HPy_LeavePythonExecution",
    ),
    Animal(
        "without_the_gil",
        "without_the_gil.wrong: HPy_Dup was called between HPy_LeavePythonExecution and HPy_ReenterPythonExecution, "
        "without the GIL",
        STOPS,
        "Error: Wrong HPy Context!",
    ),
    Animal(
        "wrong_thread",
        "HPy_Dup was called on a thread that runs no call of an extension: threads of your own call thread_attach first",
        STOPS,
        "Error: Wrong HPy Context!",
    ),
    Animal(
        "global_undeclared",
        "global_undeclared.wrong: HPyGlobal_Store to a global that no HPyModuleDef lists in its globals",
    ),
    Animal(
        "field_not_visited",
        "type field_not_visited.Pair keeps an object in the HPyField at offset 8, which its HPy_tp_traverse does not "
        "visit: cycles through it are never freed",
    ),
    Animal(
        "gc_flag_missing",
        "type gc_flag_missing.Pair keeps an object in the HPyField at offset 8 but has no HPy_TPFLAGS_HAVE_GC: cycles "
        "through the field are never freed",
    ),
    Animal(
        "field_assigned",
        "field_assigned.wrong: HPyField_Load of an HPyField that holds a handle: fields are set with HPyField_Store only",
    ),
]

NAMELESS = "(a function called through its trampoline)"

PROGRAM = """
import importlib.machinery, json, sys
from hpy.debug.report import Report
from hpy.universal import MODE_DEBUG, _debug, load
name, path, function, calls = sys.argv[1:]
mod = load(name, path, importlib.machinery.ModuleSpec(name, None, origin=path), mode=MODE_DEBUG)
generation = _debug.new_generation()
for _ in range(int(calls)):
    result = getattr(mod, function)("some text")
del result
print(json.dumps([finding["message"] for finding in Report.collect(generation).findings]))
"""


def told(message: str, animal: Animal) -> str:
    """What debug mode says: on trampolines, which have no names, it cannot name the function."""
    return message if extensions.THUNKS else message.replace(f"{animal.name}.wrong", NAMELESS)


def run(animal: Animal, function: str, **environment: str) -> subprocess.CompletedProcess[str]:
    source = (ZOO / f"{animal.name}.c").read_text()
    binary = extensions.build(animal.name, source=source, flags=(f"-I{ZOO}", "-pthread"))
    import os

    return subprocess.run(
        [sys.executable, "-c", PROGRAM, animal.name, str(binary), function, str(animal.calls)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("animal", ANIMALS, ids=lambda animal: animal.name)
@pytest.mark.once  # in processes of their own
def test_a_mistake_is_found(animal: Animal) -> None:
    done = run(animal, "wrong")
    assert done.returncode == animal.status, done.stderr
    assert told(animal.also, animal) in done.stderr
    message = told(animal.message, animal)
    if animal.status == 0:
        assert message in json.loads(done.stdout), done.stderr
    elif message:
        assert f"hpy.debug: {message}\n" in done.stderr


@pytest.mark.parametrize("animal", ANIMALS, ids=lambda animal: animal.name)
@pytest.mark.once  # in processes of their own
def test_its_twin_is_clean(animal: Animal) -> None:
    done = run(animal, "right")
    assert (done.returncode, done.stderr, json.loads(done.stdout)) == (0, "", [])


def test_every_animal_is_shown() -> None:
    assert sorted(path.stem for path in ZOO.glob("*.c")) == sorted(animal.name for animal in ANIMALS)


@pytest.mark.once  # in a process of its own
def test_writes_are_found_where_pages_cannot_be_protected() -> None:
    animal = next(animal for animal in ANIMALS if animal.name == "text_written")
    done = run(animal, "wrong", _HPY_DEBUG_FORCE_DEFAULT_MEM_PROTECT="1")
    assert done.returncode == 0, done.stderr
    wanted = told("text_written.wrong wrote to memory that was lent to it for reading", animal)
    assert json.loads(done.stdout) == [wanted]

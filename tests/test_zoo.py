"""The bug zoo: each mistake that debug mode finds, made once, with its message; its twin without it is clean.

Each animal is a C source in tests/zoo with the functions `wrong` and `right`, or two functions of the Rust extension
tests/zoo_rust, `NAME_wrong` and `NAME_right`. They run in processes of their own, because some mistakes stop the
program.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import extensions
import rust_extension

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
    abi: str = "universal"
    program: str = ""


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
    Animal("bytes_after_close", "", FAULTS),
    Animal("bytes_written", "", FAULTS),
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
    Animal(
        "field_assigned_collected",
        "type field_assigned_collected.Box holds a handle in the HPyField at offset 0: fields are set with "
        "HPyField_Store only",
        program="collected",
    ),
    Animal(
        "field_assigned_member",
        "type field_assigned_member.Box holds a handle in the HPyField at offset 0: fields are set with "
        "HPyField_Store only",
        program="read",
    ),
    Animal(
        "capsule_destructor_raises",
        "the destructor of the capsule 'zoo.resource' left an exception set, which nobody can handle",
        also="ValueError: from the destructor",
        abi="hybrid",
    ),
    Animal(
        "global_unreleased",
        "a global of the module global_unreleased still holds 'some text' although the module is gone",
        program="dropped",
    ),
    Animal("buffer_unreleased", "a buffer view of b'some text' was never released"),
    Animal(
        "other_interpreter",
        "other_interpreter.wrong: HPy_Dup was called with a context of another interpreter or another mode",
        STOPS,
        "Error: Wrong HPy Context!",
        program="interpreters",
    ),
]

#: Mistakes that take `unsafe` in Rust, or `mem::forget`, or a `Traverse` that forgets a part.
RUST = [
    Animal("leaked_handle", "a handle for 'some text' was never closed"),
    Animal(
        "handle_closed_twice",
        "zoo_rust.handle_closed_twice_wrong: argument 'h' of HPy_Close is a closed handle",
        STOPS,
        "Invalid usage of already closed handle",
    ),
    Animal(
        "closed_handle_used",
        "zoo_rust.closed_handle_used_wrong: argument 'obj' of HPy_Repr is a closed handle",
        STOPS,
        "Invalid usage of already closed handle",
    ),
    Animal(
        "argument_closed", "zoo_rust.argument_closed_wrong closed an argument, which belongs to the caller", STOPS
    ),
    Animal("argument_returned", "zoo_rust.argument_returned_wrong returned an argument without HPy_Dup", STOPS),
    Animal("constant_closed", "zoo_rust.constant_closed_wrong closed a constant of the context", STOPS),
    Animal(
        "not_a_handle",
        "zoo_rust.not_a_handle_wrong: argument 'obj' of HPy_Repr is 0x1234, which is not a handle",
        STOPS,
    ),
    Animal(
        "handle_kept",
        "zoo_rust.handle_kept_wrong: argument 'obj' of HPy_Repr is a handle from an earlier call: keep objects in an "
        "HPyField or an HPyGlobal, a handle is for one call",
        calls=2,
    ),
    Animal(
        "context_kept",
        "zoo_rust.context_kept_wrong: HPy_Dup was called with a context that is not that of this call: a context is "
        "valid until the call that got it returns, and not in the calls made from there",
        STOPS,
        "Error: Wrong HPy Context!",
        calls=2,
    ),
    Animal(
        "wrong_thread",
        "HPy_Dup was called on a thread that runs no call of an extension: threads of your own call thread_attach first",
        STOPS,
        "Error: Wrong HPy Context!",
    ),
    Animal(
        "without_the_gil",
        "zoo_rust.without_the_gil_wrong: HPy_Dup was called between HPy_LeavePythonExecution and "
        "HPy_ReenterPythonExecution, without the GIL",
        STOPS,
        "Error: Wrong HPy Context!",
    ),
    Animal(
        "leave_unbalanced",
        "zoo_rust.leave_unbalanced_wrong returned without HPy_ReenterPythonExecution after HPy_LeavePythonExecution",
    ),
    Animal(
        "error_missing",
        "zoo_rust.error_missing_wrong returned an error without setting an exception",
        1,
        "SystemError: ",
    ),
    Animal(
        "error_unexpected",
        "zoo_rust.error_unexpected_wrong returned a result with an exception set, by HPyErr_SetString",
        1,
        "ValueError: never mind",
    ),
    Animal(
        "null_handle",
        "zoo_rust.null_handle_wrong: argument 'obj' of HPy_Repr is HPy_NULL",
        1,
        "SystemError: zoo_rust.null_handle_wrong",
    ),
    Animal(
        "wrong_struct",
        "zoo_rust.wrong_struct_wrong: Invalid usage of _HPy_AsStruct_Object: the type has the shape "
        "HPyType_BuiltinShape_Legacy, not HPyType_BuiltinShape_Object, for 'some text'",
        STOPS,
    ),
    Animal(
        "field_not_visited",
        "type zoo_rust.Unseen keeps an object in the HPyField at offset {offset}, which its HPy_tp_traverse does not "
        "visit: cycles through it are never freed",
    ),
]

NAMELESS = "(a function called through its trampoline)"

PROGRAM = """
import gc, importlib.machinery, json, sys
from hpy.debug.report import Report
from hpy.universal import MODE_DEBUG, _debug, load
name, path, function, calls = sys.argv[1:5]
mod = load(name, path, importlib.machinery.ModuleSpec(name, None, origin=path), mode=MODE_DEBUG)
generation = _debug.new_generation()
for _ in range(int(calls)):
    result = getattr(mod, function)("some text")
del result
print(json.dumps([finding["message"] for finding in Report.collect(generation).findings]))
"""

# The extension is called in one interpreter, and from there in another.
INTERPRETERS = """
import importlib.machinery, json, sys
sys.path.insert(0, sys.argv.pop())
from hpy.debug.report import Report
from hpy.universal import MODE_DEBUG, _debug, load
from subinterpreters import Interpreter
name, path, function, calls = sys.argv[1:]
code = f'''
import importlib.machinery
from hpy.universal import MODE_DEBUG, load
spec = importlib.machinery.ModuleSpec({name!r}, None, origin={path!r})
load({name!r}, {path!r}, spec, mode=MODE_DEBUG).{function}(None)
'''
mod = load(name, path, importlib.machinery.ModuleSpec(name, None, origin=path), mode=MODE_DEBUG)
generation = _debug.new_generation()
inner = Interpreter("legacy")
getattr(mod, function)(lambda: inner.run(code))
inner.close()
print(json.dumps([finding["message"] for finding in Report.collect(generation).findings]))
"""

#: By what an animal names. The last argument is the folder of the tests.
PROGRAMS = {
    "": PROGRAM,
    "dropped": PROGRAM.replace("del result\n", "del result, mod\ngc.collect()\n"),
    "read": PROGRAM.replace(
        "del result\n",
        "assert result.field == (None if function == 'wrong' else 'some text')\n"
        "result.field = 1\nassert result.field == 1\ndel result\n",
    ),
    "collected": PROGRAM.replace("del result\n", "gc.collect()\ndel result\n"),
    "interpreters": INTERPRETERS,
}


def told(message: str, function: str) -> str:
    """What debug mode says: on trampolines, which have no names, it cannot name the function."""
    return message if extensions.THUNKS else message.replace(function, NAMELESS)


def run(animal: Animal, function: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Calls a function of a C animal."""
    source = (ZOO / f"{animal.name}.c").read_text()
    binary = extensions.build(animal.name, animal.abi, source, flags=(f"-I{ZOO}", "-pthread"))
    return run_binary(animal, animal.name, binary, function, **environment)


def run_binary(
    animal: Animal, name: str, binary: Path, function: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    if animal.program == "interpreters" and not extensions.THUNKS:
        pytest.skip("without thunks a binary serves one interpreter")
    program = PROGRAMS[animal.program]
    return subprocess.run(
        [sys.executable, "-c", program, name, str(binary), function, str(animal.calls), str(ZOO.parent)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


def check(animal: Animal, done: subprocess.CompletedProcess[str], message: str, function: str) -> None:
    assert done.returncode == animal.status, done.stderr
    assert told(animal.also, function) in done.stderr
    message = told(message, function)
    if animal.status == 0:
        assert message in json.loads(done.stdout), done.stderr
    elif message:
        assert f"hpy.debug: {message}\n" in done.stderr


@pytest.mark.parametrize("animal", ANIMALS, ids=lambda animal: animal.name)
@pytest.mark.once  # in processes of their own
def test_a_mistake_is_found(animal: Animal) -> None:
    check(animal, run(animal, "wrong"), animal.message, f"{animal.name}.wrong")


@pytest.mark.parametrize("animal", ANIMALS, ids=lambda animal: animal.name)
@pytest.mark.once  # in processes of their own
def test_its_twin_is_clean(animal: Animal) -> None:
    done = run(animal, "right")
    assert (done.returncode, done.stderr, json.loads(done.stdout)) == (0, "", [])


def rust_binary() -> Path:
    built = rust_extension.build("zoo-rust", "zoo_rust")
    named = built.with_name("zoo_rust.hpy0.so")
    if not named.exists() or named.stat().st_mtime < built.stat().st_mtime:
        rust_extension.replace(built, named)
    return named


@pytest.mark.parametrize("animal", RUST, ids=lambda animal: animal.name)
@pytest.mark.once  # in processes of their own
def test_a_mistake_in_rust_is_found(animal: Animal) -> None:
    done = run_binary(animal, "zoo_rust", rust_binary(), f"{animal.name}_wrong")
    message = animal.message
    if "{offset}" in message:
        # Rust chooses where the field is.
        found = re.search(r"HPyField at offset (\d+)", done.stdout)
        assert found, done.stderr
        message = message.format(offset=found[1])
    check(animal, done, message, f"zoo_rust.{animal.name}_wrong")


@pytest.mark.parametrize("animal", RUST, ids=lambda animal: animal.name)
@pytest.mark.once  # in processes of their own
def test_its_twin_in_rust_is_clean(animal: Animal) -> None:
    done = run_binary(animal, "zoo_rust", rust_binary(), f"{animal.name}_right")
    assert (done.returncode, done.stderr, json.loads(done.stdout)) == (0, "", [])


@pytest.mark.once  # in a process of its own
def test_a_kept_handle_is_reported_with_both_stacks() -> None:
    text = (ZOO / "handle_kept.c").read_text()
    binary = extensions.build("handle_kept", source=text, flags=(f"-I{ZOO}", "-pthread"))
    program = PROGRAM.replace("generation =", "_debug.set_handle_stack_trace_limit(16)\ngeneration =", 1)
    program = program.replace('finding["message"] for finding', "finding for finding")
    line = [sys.executable, "-c", program, "handle_kept", str(binary), "wrong", "2"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120)
    (finding,) = [finding for finding in json.loads(done.stdout) if finding["kind"] == "kept-handle"]

    def line_of(stack: str) -> str:
        (frame,) = [frame for frame in finding[stack]["native"] if frame["function"] == "keep"]
        return text.splitlines()[frame["line"] - 1]

    assert "HPy_Dup" in line_of("opened") and "HPy_Repr" in line_of("here")


def test_every_animal_is_shown() -> None:
    assert sorted(path.stem for path in ZOO.glob("*.c")) == sorted(animal.name for animal in ANIMALS)
    rust = (ZOO.with_name("zoo_rust") / "src/lib.rs").read_text()
    assert sorted(re.findall(r"fn (\w+)_wrong", rust)) == sorted(animal.name for animal in RUST)


@pytest.mark.once  # in a process of its own
@pytest.mark.parametrize("name", ["text_written", "bytes_written"])
def test_writes_are_found_where_pages_cannot_be_protected(name: str) -> None:
    animal = next(animal for animal in ANIMALS if animal.name == name)
    done = run(animal, "wrong", _HPY_DEBUG_FORCE_DEFAULT_MEM_PROTECT="1")
    assert done.returncode == 0, done.stderr
    wanted = f"{name}.wrong wrote to memory that was lent to it for reading"
    assert json.loads(done.stdout) == [told(wanted, f"{name}.wrong")]

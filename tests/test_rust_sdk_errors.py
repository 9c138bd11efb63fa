"""Exceptions in the Rust SDK as objects: see rust_ext/src/errors.rs."""

from __future__ import annotations

import copy
import errno
import pickle
import sys
import traceback

import pytest
from test_rust_sdk import message, mod  # noqa: F401

pytestmark = [
    pytest.mark.abis("universal", "cpython"),
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]


class Special(Exception):
    def __init__(self, a, b):
        super().__init__(a, b)
        self.sum = a + b


def raising(error, cause=None):
    def f():
        raise error from cause

    return f


def test_value_is_the_object_that_was_raised(mod):
    original = Special(1, 2)
    value = mod.caught_value(raising(original))
    assert value is original and value.sum == 3
    assert value.__traceback__ is not None
    assert sys.exc_info()[1] is None
    assert message(ValueError, mod.caught_value, lambda: None) == "it did not raise"


def test_value_of_what_c_code_raises(mod):
    value = mod.caught_value(lambda: {}["absent"])
    assert type(value) is KeyError and value.args == ("absent",)
    value = mod.caught_value(lambda: int("x"))
    assert type(value) is ValueError
    assert type(mod.caught_value(sys.exit)) is SystemExit


def test_parts(mod):
    cause = KeyError("k")

    def f():
        try:
            raise OSError("first")
        except OSError as error:
            f.context = error
            raise Special(3, 4) from cause

    kind, text, args, found_cause, context, has_traceback = mod.caught_parts(f)
    assert (kind, text, args, has_traceback) == ("Special", "(3, 4)", (3, 4), True)
    assert found_cause is cause and context is f.context
    assert mod.caught_parts(raising(ValueError()))[1:5] == ("", (), None, None)


def test_raising_again_keeps_the_traceback(mod):
    original = Special(1, 2)
    with pytest.raises(Special) as caught:
        mod.raise_again(raising(original))
    assert caught.value is original
    assert [frame.name for frame in traceback.extract_tb(original.__traceback__)][-1] == "f"


def test_typed_values(mod):
    assert mod.bad_byte(b"abc\xff") == (3, "invalid start byte")
    assert mod.is_value_error(UnicodeError()) and not mod.is_value_error(KeyError()) and not mod.is_value_error(ValueError)
    assert mod.take_error(KeyError("here")) == "'here'"
    assert message(TypeError, mod.take_error, ValueError()) == "take_error() argument 'error' must be LookupError, not ValueError"


@pytest.mark.parametrize("how, raised, cause", [
    ("made from set", ValueError, Special), ("set from made", Special, KeyError), ("made from made", ValueError, KeyError),
])  # fmt: skip
def test_chains(mod, how, raised, cause):
    with pytest.raises(raised) as caught:
        mod.chain(raising(Special(1, 1)), how)
    assert type(caught.value.__cause__) is cause
    assert caught.value.__suppress_context__
    assert sys.exc_info()[1] is None


def test_made_errors(mod):
    value = mod.made_value("text")
    assert type(value) is ValueError and value.args == ("text",) and value.__traceback__ is None
    with pytest.raises(FileNotFoundError) as caught:
        mod.raise_with_args((errno.ENOENT, "gone", "file.txt"))
    assert (caught.value.errno, caught.value.strerror, caught.value.filename) == (errno.ENOENT, "gone", "file.txt")
    with pytest.raises(TypeError):
        mod.raise_with_args([])


def test_system_errors_have_their_number(mod, tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        mod.open_file(tmp_path / "absent")
    assert caught.value.errno == errno.ENOENT
    assert str(caught.value) == f"[Errno {errno.ENOENT}] No such file or directory"
    with pytest.raises(IsADirectoryError):
        mod.open_file(tmp_path)
    with pytest.raises(NotADirectoryError) as caught:
        mod.open_file(__file__ + "/x")
    assert caught.value.errno == errno.ENOTDIR
    assert mod.is_not_found(errno.ENOENT) and not mod.is_not_found(errno.EPERM)


def test_fields_of_an_exception(mod):
    assert mod.read_document("fine") == 4
    with pytest.raises(mod.DocumentError) as caught:
        mod.read_document("a\nb?\n", "a.txt")
    error = caught.value
    assert type(error) is mod.DocumentError and isinstance(error, ValueError)
    assert (error.line, error.column, error.problem, error.file) == (2, 2, "a question", "a.txt")
    assert str(error) == "line 2, column 2: a question" and error.args == (str(error),)
    assert mod.DocumentError.__match_args__ == ("line", "column", "problem", "file")
    assert mod.DocumentError.__doc__ == "A document that cannot be read."
    with pytest.raises(mod.DocumentError) as caught:
        mod.read_document("?")
    assert caught.value.file is None
    copied = pickle.loads(pickle.dumps(error)) if mod.__name__ in sys.modules else copy.copy(error)
    assert type(copied) is mod.DocumentError and copied.args == error.args and copied.line == 2


def test_fields_of_a_derived_exception(mod):
    assert mod.read_key("a") is None
    with pytest.raises(mod.DocumentError) as caught:
        mod.read_key("c")
    error = caught.value
    assert type(error) is mod.UnknownKey and issubclass(mod.UnknownKey, mod.DocumentError)
    assert (error.line, error.column, error.key, error.known, error.file) == (1, 2, "c", ["a", "b"], None)
    assert str(error) == "line 1, column 2: no such key: c; known are a, b"
    assert mod.UnknownKey.__match_args__ == ("line", "column", "problem", "file", "key", "known")
    assert mod.unknown_key(error) == ("c", 1)
    assert message(TypeError, mod.unknown_key, ValueError()) == "unknown_key() argument 'error' must be UnknownKey, not ValueError"


def test_fields_are_read_in_rust(mod):
    assert mod.caught_document(int) is None
    assert mod.caught_document(lambda: mod.read_document("?", "f")) == (1, 1, "a question", "f")
    assert mod.caught_document(lambda: mod.read_key("x")) == (1, 2, "no such key", None)
    with pytest.raises(KeyError, match="absent"):
        mod.caught_document(lambda: {}["absent"])
    made = mod.DocumentError("by Python")
    with pytest.raises(AttributeError, match="line"):
        mod.caught_document(raising(made))
    made.line, made.column, made.problem = 3, "four", ""
    assert message(TypeError, mod.caught_document, raising(made)) == "DocumentError.column must be int, not str"
    made.column = -1
    with pytest.raises(OverflowError, match="DocumentError.column: "):
        mod.caught_document(raising(made))
    made.column = 4
    assert mod.caught_document(raising(made)) == (3, 4, "", None)
    assert sys.exc_info()[1] is None


def test_errors_in_boxes(mod, tmp_path):
    assert message(RuntimeError, mod.boxed, "") == "there is no path"
    with pytest.raises(FileNotFoundError) as caught:
        mod.boxed(str(tmp_path / "gone"))
    assert caught.value.errno == errno.ENOENT
    assert mod.boxed(__file__) > 0
    assert mod.boxed_for_threads("7") == 7
    assert message(RuntimeError, mod.boxed_for_threads, "x") == "invalid digit found in string"

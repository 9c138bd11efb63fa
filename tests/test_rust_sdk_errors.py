"""Exceptions in the Rust SDK as objects: see rust_ext/src/errors.rs."""

from __future__ import annotations

import errno
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

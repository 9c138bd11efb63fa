"""Raising, matching and making exceptions."""

import errno
import os
import subprocess
import sys
import warnings

import pytest

import extensions

EXT = "errors"
NULL = NotImplemented


class Custom(Exception):
    def __init__(self, *args):
        if args == ("refuse",):
            raise ValueError("refused")
        super().__init__(*args)


def test_set_string(mod):
    for kind in (ValueError, KeyError, Custom, KeyboardInterrupt):
        with pytest.raises(kind) as raised:
            mod.HPyErr_SetString(kind, "größe \U0001f40d")
        assert raised.value.args == ("größe \U0001f40d",)
        assert type(raised.value) is kind


def test_set_string_with_no_exception_class(mod):
    for wrong in (int, 5, None):
        with pytest.raises(SystemError, match="not a BaseException subclass"):
            mod.HPyErr_SetString(wrong, "x")


def test_set_object(mod):
    with pytest.raises(ValueError) as raised:
        mod.HPyErr_SetObject(ValueError, {"a": 1})
    assert raised.value.args == ({"a": 1},)
    with pytest.raises(ValueError) as raised:
        mod.HPyErr_SetObject(ValueError, (1, 2))
    assert raised.value.args == (1, 2)
    with pytest.raises(ValueError) as raised:
        mod.HPyErr_SetObject(ValueError, None)
    assert raised.value.args == ()
    ready = Custom("ready")
    with pytest.raises(Custom) as raised:
        mod.HPyErr_SetObject(Custom, ready)
    assert raised.value is ready
    with pytest.raises(ValueError, match="refused"):
        mod.HPyErr_SetObject(Custom, "refuse")


def test_what_raising_returns(mod):
    """The members that these functions call return nothing in hpy 0.9.0 and PyPy; the functions return null."""
    assert mod.raising_without_a_result() == 4


def test_chaining(mod):
    """An exception that is raised while another is handled has it as its context."""
    with pytest.raises(ValueError) as raised:
        try:
            raise KeyError("first")
        except KeyError:
            mod.HPyErr_SetString(ValueError, "second")
    assert isinstance(raised.value.__context__, KeyError)


def test_no_memory(mod):
    with pytest.raises(MemoryError):
        mod.HPyErr_NoMemory()


@pytest.mark.parametrize("number, kind", [(errno.ENOENT, FileNotFoundError), (errno.EACCES, PermissionError), (errno.EIO, OSError)])
def test_from_errno(mod, number, kind):
    text = os.strerror(number)
    with pytest.raises(kind) as raised:
        mod.HPyErr_SetFromErrno(OSError, number)
    assert (raised.value.errno, raised.value.strerror, raised.value.filename) == (number, text, None)
    for raw in (b"plain", b"caf\xe9 \xff", "ключ".encode()):
        with pytest.raises(kind) as raised:
            mod.HPyErr_SetFromErrnoWithFilename(OSError, number, raw)
        assert raised.value.errno == number
        assert raised.value.filename == os.fsdecode(raw)
    with pytest.raises(kind) as raised:
        mod.HPyErr_SetFromErrnoWithFilename(OSError, number, NULL)
    assert raised.value.filename is None


def test_from_errno_with_objects(mod):
    set_from = mod.HPyErr_SetFromErrnoWithFilenameObjects
    first, second = "one", b"two"
    for given, expected in [((first, second), (first, second)), ((first, NULL), (first, None)), ((NULL, NULL), (None, None))]:
        with pytest.raises(FileExistsError) as raised:
            set_from(OSError, errno.EEXIST, *given)
        assert (raised.value.filename, raised.value.filename2) == expected


def fail():
    raise Custom("x")


def test_occurred_and_clear(mod):
    assert mod.occurred(fail) == 10
    assert mod.occurred(list) == 0


def test_matches(mod):
    matches = mod.HPyErr_ExceptionMatches
    assert matches(FileNotFoundError, OSError) == 1
    assert matches(OSError, FileNotFoundError) == 0
    assert matches(KeyError, (ValueError, (LookupError,))) == 1
    assert matches(KeyError, (ValueError, TypeError)) == 0
    assert matches(KeyError, ()) == 0


def test_new_exception(mod):
    make = mod.HPyErr_NewException
    made = make("package.module.Problem", NULL, NULL)
    assert issubclass(made, Exception)
    assert (made.__module__, made.__name__, made.__doc__) == ("package.module", "Problem", None)
    assert made.__bases__ == (Exception,)
    assert make("m.P", KeyError, NULL).__bases__ == (KeyError,)
    assert make("m.P", (KeyError, ValueError), NULL).__bases__ == (KeyError, ValueError)
    assert make("m.P", NULL, {"code": 5}).code == 5
    with pytest.raises(SystemError, match="name must be module.class"):
        make("nodot", NULL, NULL)
    with pytest.raises(TypeError):
        make("m.P", 5, NULL)
    with pytest.raises(made, match="usable"):
        raise made("usable")


def test_new_exception_with_doc(mod):
    make = mod.HPyErr_NewExceptionWithDoc
    made = make("m.Problem", "what went wrong", ValueError, {"a": 1})
    assert made.__doc__ == "what went wrong"
    assert made.a == 1 and made.__bases__ == (ValueError,)
    assert make("m.Problem", NULL, NULL, NULL).__doc__ is None
    with pytest.raises(SystemError, match="name must be module.class"):
        make("nodot", "doc", NULL, NULL)


def test_warn(mod):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert mod.HPyErr_WarnEx(DeprecationWarning, "größe", 1) == 0
        # A null category is RuntimeWarning.
        assert mod.HPyErr_WarnEx(NULL, "plain", 1) == 0
    assert [(w.category, str(w.message)) for w in caught] == [(DeprecationWarning, "größe"), (RuntimeWarning, "plain")]
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="now an error"):
            mod.HPyErr_WarnEx(UserWarning, "now an error", 1)
    with pytest.raises((TypeError, ValueError)):
        mod.HPyErr_WarnEx(int, "no category", 1)


def test_write_unraisable(mod, monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda u: seen.append((u.exc_type, str(u.exc_value), u.object)))
    mod.HPyErr_WriteUnraisable(ValueError, "where")
    mod.HPyErr_WriteUnraisable(KeyError, NULL)
    assert seen[0] == (ValueError, "nobody can catch this", "where")
    assert seen[1][0] is KeyError and seen[1][2] is None


def test_fatal_error(mod, variant, covers):
    script = (
        "import sys; sys.path.insert(0, {!r}); import extensions as e; "
        "e.extension('errors', e.VARIANTS[{!r}]).HPy_FatalError('the end of all things')"
    ).format(os.path.dirname(__file__), variant.name)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ended.returncode < 0 or ended.returncode > 1
    assert "the end of all things" in ended.stderr
    assert extensions.build(EXT, variant.abi).exists()
    covers("HPy_FatalError")

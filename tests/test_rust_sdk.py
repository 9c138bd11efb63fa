"""The Rust SDK: functions, arguments, errors, modules. One binary in every mode; see rust_ext/src/lib.rs."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import threading

import extensions
import leaks
import pytest
import rust_extension

# Python 3.13 reports, as "unraisable", exceptions that an extension leaves set while it asks for more.
pytestmark = [
    pytest.mark.abis("universal", "cpython"),
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def mod(variant):
    module = rust_extension.load(variant)
    if variant.mode != "debug":
        yield module
        return
    with leaks.none_left_open():
        yield module


def message(error_type, call, *args, **kwargs):
    with pytest.raises(error_type) as caught:
        call(*args, **kwargs)
    return str(caught.value)


class TestModule:
    def test_constants_and_init(self, mod):
        assert mod.ANSWER == 42
        assert mod.NAME == "r\u00fcst"
        assert mod.SQUARES == [0, 1, 4, 9]
        assert mod.__doc__ == "The test extension."

    def test_submodule(self, mod):
        inner = mod.inner
        assert inner.double(21) == 42
        assert inner.double.__name__ == "double"
        assert inner.DEPTH == 1
        assert inner.__name__ == "rust_ext.inner"
        assert inner.__doc__ == "A part of the extension."
        assert sys.modules["rust_ext.inner"].__doc__ == inner.__doc__
        assert inner.Thing(3).size == 3
        assert inner.Thing.__module__ == "rust_ext.inner"
        assert message(TypeError, inner.double, "x") == "double() argument 'x' must be int, not str"
        inner.last("a")
        assert inner.last("b") == "a"

    def test_global_keeps_an_object(self, mod):
        marker = object()
        mod.remember(marker)
        assert mod.recall() is marker
        mod.remember(None)
        assert mod.recall() is None


class TestSignatures:
    def test_inspect(self, mod):
        assert str(inspect.signature(mod.nothing)) == "()"
        assert str(inspect.signature(mod.keywords)) == "(a, b)"
        assert str(inspect.signature(mod.every_kind)) == "(a, b=2, /, c=3, *, d, e='five', f=None)"
        assert str(inspect.signature(mod.variadic)) == "(first, *args, last=-1, **kwargs)"
        assert mod.renamed.__doc__ == "Named otherwise in Python."
        assert not hasattr(mod, "original")

    def test_positional_and_keywords(self, mod):
        assert mod.nothing() is None
        assert mod.keywords(1, 2) == mod.keywords(1, b=2) == mod.keywords(b=2, a=1) == 12
        assert mod.every_kind(1, d=4) == "1 2 3 4 five None"
        assert mod.every_kind(1, 20, 30, d=40, f=1, e="x") == "1 20 30 40 x Some(1.0)"
        assert mod.renamed(type="abc") == "ABC"
        assert mod.positional(1) == 2

    def test_names_that_were_never_interned(self, mod):
        name = "".join(["a"])
        assert mod.keywords(**{name + "": 1, "".join(["", "b"]): 2}) == 12

    def test_variadic(self, mod):
        assert mod.variadic(1) == (1, [], -1, {})
        assert mod.variadic(1, 2, 3, last=4, x=5, y=6) == (1, [2, 3], 4, {"x": 5, "y": 6})
        assert mod.variadic(first=1, z=0) == (1, [], -1, {"z": 0})
        marker = object()
        count, first, kwargs = mod.raw_variadic(marker, 2, k=marker)
        assert (count, first, kwargs) == (2, marker, {"k": marker})

    @pytest.mark.parametrize(
        "call, expected",
        [
            ("m.nothing(1)", "nothing() takes no arguments (1 given)"),
            ("m.keywords()", "keywords() missing 2 required positional arguments: 'a' and 'b'"),
            ("m.keywords(1)", "keywords() missing 1 required positional argument: 'b'"),
            ("m.keywords(1, 2, 3)", "keywords() takes 2 positional arguments but 3 were given"),
            ("m.keywords(1, a=2)", "keywords() got multiple values for argument 'a'"),
            ("m.keywords(1, c=2)", "keywords() got an unexpected keyword argument 'c'"),
            ("m.every_kind(1)", "every_kind() missing 1 required keyword-only argument: 'd'"),
            ("m.every_kind(1, 2, 3, 4, d=1)", "every_kind() takes from 1 to 3 positional arguments but 4 positional "
             "arguments (and 1 keyword-only argument) were given"),
            ("m.every_kind(a=1, d=1)", "every_kind() got some positional-only arguments passed as keyword "
             "arguments: 'a'"),
            ("m.positional()", "positional() takes exactly one argument (0 given)"),
            ("m.keywords('x', 2)", "keywords() argument 'a' must be int, not str"),
            ("m.keywords(1, 2.5)", "keywords() argument 'b' must be int, not float"),
            ("m.variadic(1, 'x')", "variadic() argument 'args': item 0 must be int, not str"),
            ("m.variadic(1, k='x')", "variadic() argument 'kwargs': dict value 'k' must be int, not str"),
            ("m.fail(3)", "fail() argument 'kind' must be str, not int"),
        ],
    )
    def test_messages(self, mod, call, expected):
        # What CPython itself says of calls without arguments or with one names the module too.
        assert message(TypeError, eval, call, {"m": mod}).replace("rust_ext.", "") == expected


class TestErrors:
    def test_exception_types(self, mod):
        assert mod.ExtError.__mro__[1] is Exception
        assert mod.ParseError.__mro__[1] is ValueError
        assert mod.ParseError.__name__ == "ParseError"
        assert mod.ParseError.__module__ == "rust_ext"
        assert mod.ExtError.__doc__ == "Something of this extension failed."

    def test_raising(self, mod):
        assert message(mod.ExtError, mod.fail, "ext") == "of the extension"
        assert message(mod.ParseError, mod.fail, "parse") == "line 1"
        assert message(FileNotFoundError, mod.fail, "io")
        assert message(ValueError, mod.fail, "int") == "invalid digit found in string"
        assert message(KeyError, mod.fail, "") == "'no such failure'"

    def test_catching(self, mod):
        def raising(error):
            def f():
                raise error

            return f

        assert mod.catch(raising(mod.ParseError("x"))) == "ParseError"
        assert mod.catch(raising(UnicodeError())) == "ValueError"
        assert mod.catch(raising(KeyError(1))) == "LookupError"
        assert mod.catch(lambda: [1]) == "returned [1]"
        original = ZeroDivisionError("kept")
        with pytest.raises(ZeroDivisionError) as caught:
            mod.catch(raising(original))
        assert caught.value is original

    def test_a_dropped_error_is_gone(self, mod):
        def f():
            raise ValueError

        assert mod.ignore(f) == 1
        assert mod.ignore(lambda: None) == 1

    @rust_extension.needs_hpy_rs
    def test_panic(self, mod, capfd):
        import hpy

        with pytest.raises(hpy.PanicException) as caught:
            mod.panics("a value")
        assert isinstance(caught.value, RuntimeError)
        assert str(caught.value).startswith("panicked with a value (Rust panic at tests/rust_ext/src/lib.rs:")
        assert mod.nothing() is None

    def test_iterators_that_are_wrong_about_their_length(self, mod, capfd):
        assert mod.list_of(3) == [2, 1, 0] and mod.tuple_of(3) == (2, 1, 0)
        for make in (mod.list_of, mod.tuple_of):
            assert "an iterator gave fewer items than its len()" in message(RuntimeError, make, 2)
            assert "an iterator gave more items than its len()" in message(RuntimeError, make, 4)

    def test_warning(self, mod):
        with pytest.warns(UserWarning, match="careful"):
            mod.warns()
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert message(UserWarning, mod.warns) == "careful"


class TestObjects:
    def test_calls(self, mod):
        assert mod.call_with(lambda *args: args, None) == (None, 2, "three")
        assert mod.call_kw(lambda a, b, c: (a, b, c)) == (1, 2, 3)
        assert mod.call_method("abc", "upper") == "ABC"
        assert message(AttributeError, mod.call_method, "abc", "no_such")
        assert message(TypeError, mod.call_with, 3, 3) == "'int' object is not callable"

    def test_operators(self, mod):
        import operator

        table = {
            "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
            "%": operator.mod, "**": operator.pow, "<<": operator.lshift, ">>": operator.rshift,
            "&": operator.and_, "|": operator.or_, "^": operator.xor, "<": operator.lt, "==": operator.eq,
        }  # fmt: skip
        for sign, function in table.items():
            for a, b in ((7, 3), (2**70, 5), (-9, 4)):
                assert mod.operate(a, b, sign) == function(a, b), sign
        assert mod.operate([1], [2], "+") == [1, 2]
        with pytest.raises(ZeroDivisionError):
            mod.operate(1, 0, "/")

    def test_iteration(self, mod):
        assert mod.iterate(range(3)) == [0, 1, 2]
        assert mod.iterate("ab") == ["a", "b"]
        assert mod.iterate({}) == []
        assert mod.list_items([1, "x"]) == [1, "x"]

        def broken():
            yield 1
            raise KeyError("in the middle")

        assert message(KeyError, mod.iterate, broken()) == "'in the middle'"
        assert message(TypeError, mod.iterate, 3) == "'int' object is not iterable"
        assert message(TypeError, mod.list_items, (1,)) == "list_items() argument 'items' must be list, not tuple"

    def test_dict(self, mod):
        assert mod.dict_get({1: 2}, 1) == 2
        assert mod.dict_get({1: 2}, 3) is None
        assert message(TypeError, mod.dict_get, {}, [])

    @pytest.mark.parametrize("text", ["::2", "::-1", "-3:", ":-20:-1", "2:1", "5:100:3", ":", "-1:0:-2"])
    def test_slices(self, mod, text):
        parts = [int(part) if part else None for part in text.split(":")]
        given = slice(*parts)
        for size in (0, 1, 7, 12):
            start, step, count = mod.slice_indices(given, size)
            assert [start + step * i for i in range(count)] == list(range(*given.indices(size)))

    def test_attributes(self, mod):
        class Plain:
            pass

        assert mod.attributes(Plain()) == (False, 1, False)
        assert message(AttributeError, mod.attributes, 3)


def test_allow_threads(mod):
    results = []
    threads = [threading.Thread(target=lambda: results.append(mod.without_python(200000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [sum(range(200000))] * 4


@rust_extension.needs_hpy_rs
def test_direct_import_and_trampolines():
    """The same file imported by CPython itself, and with thunks off; both print what this process sees."""
    folder = rust_extension.copy_for("direct", "rust_ext.so").parent
    code = "import rust_ext as m; print(m.keywords(1, b=2), m.every_kind(1, d=4), m.Counter(3).increment(), m.__spec__.origin)"
    for thunks in ("1", "0"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env={**os.environ, "HPY_RS_THUNKS": thunks},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        assert done.stdout.split() == ["12", "1", "2", "3", "4", "five", "None", "4", str(folder / "rust_ext.so")]


@rust_extension.needs_hpy_rs
def test_import_without_a_runtime():
    folder = rust_extension.copy_for("direct", "rust_ext.so").parent
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import rust_ext"], cwd=folder, stderr=subprocess.PIPE, text=True,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    )  # fmt: skip
    assert done.returncode == 1
    assert "ImportError: rust_ext needs the HPy runtime" in done.stderr
    assert "pip install hpy-rs" in done.stderr


def test_extension_of_one_python():
    """With the feature `cpython` the binary is an ordinary extension: it needs no package and no runtime knows it."""
    path = rust_extension.copy_for("alone", f"rust_ext{extensions.suffix('cpython')}", "cpython")
    code = """if True:
        import sys, rust_ext as m
        print(m.keywords(1, b=2), m.inner.double(4), 'hpy' in sys.modules)
        for _ in range(2):
            try:
                m.panics("x")
            except RuntimeError as error:
                print(type(error).__module__, type(error).__name__, str(error)[:15])
    """
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=path.parent, text=True, check=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    )  # fmt: skip
    assert done.stdout == "12 8 False\n" + 2 * "hpy PanicException panicked with x\n"
    if sys.platform == "linux":
        names = subprocess.run(["nm", "-D", "--defined-only", path], stdout=subprocess.PIPE, text=True, check=True)
        exported = {line.split()[-1].removeprefix("PyInit_") for line in names.stdout.splitlines()}
        # The binary has two modules, and their type hints as text for tools.
        modules = {"rust_ext", "rust_main_only"}
        assert exported == modules | {f"hpy_stubs_{name}" for name in modules}
        libraries = subprocess.run(["ldd", path], stdout=subprocess.PIPE, text=True, check=True).stdout
        assert "libpython" not in libraries


SUBINTERPRETER = """
import sys
sys.path[:] = {path!r}
import rust_ext as m
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
m.remember("main")
inside = '''
import sys
sys.path[:] = {path!r}
import rust_ext as m
assert m.recall() is None
m.remember("sub")
assert m.recall() == "sub"
counter = m.Counter(3)
assert counter.increment() == 4 and m.counters(counter, m.make_counter(1)) == 5
node = m.Node()
node.next = node
assert m.inner.double(2) == 4
try:
    m.fail("parse")
except m.ParseError as error:
    assert str(error) == "line 1"
else:
    raise AssertionError
'''
for _ in range(2):
    made = interpreters.create()
    failed = interpreters.run_string(made, inside)
    assert failed is None, failed
    interpreters.destroy(made)
assert m.recall() == "main"
assert m.make_counter(1) == m.Counter(1)
print("fine")
"""


@rust_extension.needs_hpy_rs
@pytest.mark.skipif(not extensions.THUNKS, reason="without thunks a binary serves one interpreter")
@pytest.mark.parametrize("abi", ["universal", "cpython"])
def test_subinterpreters(abi):
    """Each has its own types, globals and submodules."""
    folder = rust_extension.copy_for(f"direct-{abi}", "rust_ext.so", abi).parent
    code = SUBINTERPRETER.format(path=[str(folder), *sys.path])
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.stdout == "fine\n", done.stderr

"""Calls into Python, and calls from Python with each signature."""

import sys

import pytest

EXT = "call"
NULL = NotImplemented


def function(*args, **kwargs):
    return args, kwargs


class Raises:
    def __call__(self, *args):
        raise KeyError("called")


def test_callable(mod):
    for value in (len, function, int, Raises()):
        assert mod.HPyCallable_Check(value) == 1
    for value in (1, "len", None):
        assert mod.HPyCallable_Check(value) == 0


def test_call_tuple_dict(mod):
    call = mod.HPy_CallTupleDict
    assert call(function, NULL, NULL) == ((), {})
    assert call(function, (1, 2), NULL) == ((1, 2), {})
    assert call(function, NULL, {"a": 3}) == ((), {"a": 3})
    assert call(function, (1,), {"a": 3, "ü": 4}) == ((1,), {"a": 3, "ü": 4})
    assert call(function, (), {}) == ((), {})
    given = {"a": 1}
    _, received = call(function, NULL, given)
    assert received is not given
    with pytest.raises(KeyError, match="called"):
        call(Raises(), NULL, NULL)


def test_call_tuple_dict_errors(mod):
    call = mod.HPy_CallTupleDict
    with pytest.raises(TypeError, match="not callable"):
        call(5, NULL, NULL)
    for wrong in ([1], {"a": 1}, 5, "ab"):
        with pytest.raises(TypeError, match="requires args to be a tuple or null handle"):
            call(function, wrong, NULL)
    for wrong in ([1], (1,), 5, "ab"):
        with pytest.raises(TypeError, match="requires kw to be a dict or null handle"):
            call(function, NULL, wrong)
    with pytest.raises(TypeError, match="keywords must be strings"):
        call(function, NULL, {1: 2})


def test_call(mod):
    call = mod.HPy_Call
    assert call(NULL, function) == ((), {})
    assert call(NULL, function, 1, 2) == ((1, 2), {})
    assert call(("a",), function, 3) == ((), {"a": 3})
    assert call(("a", "b"), function, 1, 2, 3) == ((1,), {"a": 2, "b": 3})
    assert call((), function, 1) == ((1,), {})
    assert call(NULL, int, "12") == 12
    assert call(("base",), int, "12", 3) == 5
    assert call(NULL, Raises.__init__, Raises()) is None
    with pytest.raises(TypeError, match="not callable"):
        call(NULL, 5)
    with pytest.raises(KeyError, match="called"):
        call(NULL, Raises())
    with pytest.raises(TypeError, match="keyword argument"):
        call(("nonsense",), len, [1])


def test_call_method(mod):
    call = mod.HPy_CallMethod

    class Receiver:
        def method(self, *args, **kwargs):
            return self, args, kwargs

    receiver = Receiver()
    assert call(NULL, "method", receiver) == (receiver, (), {})
    assert call(NULL, "method", receiver, 1, 2) == (receiver, (1, 2), {})
    assert call(("k",), "method", receiver, 1, 2) == (receiver, (1,), {"k": 2})
    assert call(NULL, "upper", "text") == "TEXT"
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        call(NULL, "missing", receiver)
    with pytest.raises(TypeError):
        call(NULL, "upper", "text", 1)
    with pytest.raises(TypeError, match="attribute name must be string"):
        call(NULL, 5, receiver)


def test_signatures(mod):
    value = object()
    assert mod.noargs() is mod or mod.noargs().__name__ == "call"
    assert mod.one(value)[1] is value
    assert mod.varargs() == ()
    assert mod.varargs(1, value, "x") == (1, value, "x")
    assert mod.varargs(*range(300)) == tuple(range(300))
    assert mod.keywords() == (0, (), None)
    assert mod.keywords(1, 2) == (2, (1, 2), None)
    assert mod.keywords(1, b=2, c=3) == (1, (1, 2, 3), ("b", "c"))
    assert mod.keywords(*range(100), **{f"k{i}": i for i in range(100)})[0] == 100
    bound = mod.keywords.__call__
    assert bound(5, z=6) == (1, (5, 6), ("z",))


def test_wrong_numbers_of_arguments(mod):
    with pytest.raises(TypeError, match=r"noargs\(\) takes no arguments \(1 given\)"):
        mod.noargs(1)
    with pytest.raises(TypeError, match=r"one\(\) takes exactly one argument \(0 given\)"):
        mod.one()
    with pytest.raises(TypeError, match=r"one\(\) takes exactly one argument \(2 given\)"):
        mod.one(1, 2)
    for function in (mod.noargs, mod.one, mod.varargs):
        with pytest.raises(TypeError, match="takes no keyword arguments"):
            function(x=1)


def test_function_attributes(mod):
    assert mod.keywords.__name__ == "keywords"
    assert mod.keywords.__doc__ == "what was passed"
    assert mod.keywords.__text_signature__ == "(*args, **kwargs)"
    assert mod.noargs.__doc__ is None
    assert mod.varargs.__module__ == "call"


def test_null_without_an_exception(mod, variant):
    if variant.mode == "debug" or hasattr(sys, "gettotalrefcount"):
        pytest.skip("debug mode reports this by itself, a debug build of Python ends the process")
    with pytest.raises(SystemError, match="without setting an (exception|error)"):
        mod.nothing_raised()

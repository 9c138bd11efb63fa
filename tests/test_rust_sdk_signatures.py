"""Calls of Rust functions against the same functions in Python: what is accepted, and each word of what is refused."""

from __future__ import annotations

import inspect
import itertools

import pytest
from test_rust_sdk import mod  # noqa: F401

pytestmark = pytest.mark.abis("universal", "cpython")


def keywords(a, b):
    return a * 10 + b


def every_kind(a, b=2, /, c=3, *, d, e="five", f=None):
    return f"{a} {b} {c} {d} {e} " + ("None" if f is None else f"Some({float(f)})")


def variadic(first, *args, last=-1, **kwargs):
    return first, list(args), last, kwargs


def three(a, b, c, *, key):
    return [a, b, c, key]


def three_keys(*, k1, k2, k3):
    return [k1, k2, k3]


def defaults(a, b=1, c=2):
    return [a, b, c]


def only(a, b, /, **kwargs):
    return a, b, sorted(kwargs)


FUNCTIONS = [keywords, every_kind, variadic, three, three_keys, defaults, only]


def outcome(function, args, kwargs):
    try:
        return function(*args, **kwargs)
    except TypeError as error:
        return str(error)


def names(function):
    found = [p.name for p in inspect.signature(function).parameters.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return [*found, "zz"]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_like_python(mod, function):
    mine = getattr(mod, function.__name__)
    checked = 0
    for count in range(6):
        for size in range(4):
            for given in itertools.combinations(names(function), size):
                args = list(range(1, count + 1))
                kwargs = {name: "x" if name == "e" else 7 for name in given}
                expected = outcome(function, args, kwargs)
                if isinstance(expected, str) and "Did you mean" in expected:
                    expected = expected[: expected.index(". Did you mean")]
                assert outcome(mine, args, kwargs) == expected, (args, kwargs)
                checked += 1
    assert checked > 30


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_signatures(mod, function):
    assert str(inspect.signature(getattr(mod, function.__name__))) == str(inspect.signature(function))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_keywords_that_are_no_names(mod, function):
    kwargs = {"no name": 1, "\u00fc": 2}
    assert outcome(getattr(mod, function.__name__), (1, 2), kwargs).__class__ is outcome(function, (1, 2), kwargs).__class__

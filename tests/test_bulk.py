"""The extension table: bulk reads and builds do what reading and building item by item does."""

import os
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

EXT = "bulk"
pytestmark = pytest.mark.abis("universal", "hybrid")
KINDS = ["f64", "i64"]


class Floating:
    def __init__(self, value):
        self.value = value

    def __float__(self):
        return self.value


class Indexing:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


class Failing:
    def __float__(self):
        raise ZeroDivisionError("from __float__")

    def __index__(self):
        raise ZeroDivisionError("from __index__")


class MyList(list):
    pass


class Squares:
    """A sequence that is no list or tuple."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return index * index


def outcome(function, *args):
    try:
        return function(*args)
    except Exception as error:
        return type(error), str(error)


def bulk_and_single(mod, kind, sequence):
    """What both ways give for a fresh sequence each."""
    bulk = outcome(getattr(mod, f"read_{kind}"), sequence(), 2000)
    return repr(bulk), repr(outcome(getattr(mod, f"item_by_item_{kind}"), sequence()))


def test_table_is_there(mod):
    assert mod.is_there() is True
    assert mod.size() % 8 == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "items",
    [
        [],
        [1],
        [1.5],
        [1.0, 2.5, -0.0],
        [0, -1, 1, 2**30, -(2**30), 2**31, 2**62, -(2**63)],
        [2**63],
        [10**400],
        [True, False],
        [1.0, 2, 3.0, 4, 5.0],
        [-1.0, -1, -1.0],
        [Floating(2.5), 1.0],
        [1, Indexing(3), 2],
        [1.0, 2.0, 3.0, Failing(), 4.0],
        [1, 2, 3, 4, Failing()],
        ["1"],
        [None],
        list(range(1000)),
        [number / 7 for number in range(999)],
        [float("inf"), float("-inf"), float("nan")],
    ],
    ids=lambda items: repr(items)[:30],
)
def test_read(mod, kind, items):
    for make in (list, tuple, MyList, lambda items: range(len(items))):
        bulk, single = bulk_and_single(mod, kind, lambda: make(items))
        assert bulk == single, make


@pytest.mark.parametrize("kind", KINDS)
def test_read_of_something_else(mod, kind):
    for value in (Squares(), {1, 2}, {5: 1}, {0: 7}, "12", b"12", 7, None):
        bulk, single = bulk_and_single(mod, kind, lambda: value)
        assert bulk == single, value


@given(st.lists(st.one_of(st.floats(), st.integers(-(2**70), 2**70), st.booleans(), st.none())))
@settings(max_examples=200, deadline=None)
def test_read_of_anything(items):
    from extensions import VARIANTS, extension

    mod = extension(EXT, VARIANTS["universal"])
    for kind in KINDS:
        bulk, single = bulk_and_single(mod, kind, lambda: items)
        assert bulk == single


@pytest.mark.parametrize("kind", KINDS)
def test_read_with_too_little_room(mod, kind):
    read = getattr(mod, f"read_{kind}")
    assert read([1, 2, 3], 3) == [1, 2, 3]
    assert read([1, 2, 3], 2) == 3
    assert read([Failing()] * 3, 0) == 3
    assert read([], 0) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 3, 4, 5, 300])
def test_list_that_changes_while_it_is_read(mod, kind, size):
    def changing(change):
        class Changes:
            def __float__(self):
                change(items)
                return 8.0

            def __index__(self):
                change(items)
                return 8

        plain = 1.0 if kind == "f64" else 1
        items = [plain] * size + [Changes()] + [plain] * size
        return items

    def replace(items):
        items[:] = ["not a number"] * len(items)

    def reallocate(items):
        items.extend([7] * 10_000)

    def drop(items):
        del items[-1:]

    for change in (list.clear, replace, reallocate, drop, list.reverse):
        bulk, single = bulk_and_single(mod, kind, lambda: changing(change))
        assert bulk == single, change


def test_items_are_not_leaked(mod):
    number = Floating(1.5)
    before = sys.getrefcount(number)
    for _ in range(10):
        mod.read_f64([number, 2.0, number], 3)
        outcome(mod.read_f64, [number, Failing()], 3)
    after = sys.getrefcount(number)
    assert after == before


def test_tuples(mod):
    assert mod.tuple_f64([1.5, 2]) == (1.5, 2.0)
    assert mod.tuple_i64([1, 2**40]) == (1, 2**40)
    assert mod.tuple_f64([]) == ()
    assert mod.tuple_i64(range(-10, 400)) == tuple(range(-10, 400))


@pytest.mark.parametrize("kind", KINDS)
def test_bad_arguments(mod, kind):
    bad = getattr(mod, f"bad_{kind}")
    for case in range(5):
        with pytest.raises(SystemError):
            bad(case)
    assert bad(5) == []


def test_buffer(mod):
    simple, writable, nd = 0, 1, 8
    assert mod.buffer(b"abc", simple) == (b"abc", 1, 1, 1)
    assert mod.buffer(bytearray(b"xy"), writable)[3] == 0
    assert mod.buffer(memoryview(b"12345678").cast("I"), nd)[1:3] == (4, 1)
    with pytest.raises(BufferError):
        mod.buffer(b"abc", writable)
    with pytest.raises(TypeError, match="bytes-like"):
        mod.buffer("text", simple)


def test_buffer_is_released(mod):
    data = bytearray(b"abc")
    mod.buffer(data, 0)
    data.append(1)  # BufferError while a view is there
    assert data == b"abc\x01"


def test_threads_that_python_has_not_seen(mod):
    seen = []

    def note():
        seen.append(threading.get_ident())

    assert mod.in_threads(note, 8) == 8
    assert len(seen) == 8
    assert threading.get_ident() not in seen


def test_a_constructor_is_for_types_from_specs(mod, variant):
    if variant.mode in ("debug", "trace"):
        pytest.skip("these contexts leave constructors out")
    for other in (int, type("InPython", (), {}), 3):
        kind, text = outcome(mod.set_constructor, other, True)
        assert kind is TypeError
        assert text == "type_set_constructor: expected a type that HPyType_FromSpec has made"
    kind, text = outcome(mod.set_constructor, mod.plain_type(), False)
    assert (kind, text) == (ValueError, "type_set_constructor: the implementation is NULL")


def test_a_constructor_is_called_in_place_of_new(mod, variant):
    """This one, unlike a proper one, does something else than the type's `__new__`, so as to tell which it was."""
    kind = mod.plain_type()
    mod.set_constructor(kind, True)
    if variant.mode in ("debug", "trace") or os.environ.get("HPY_RS_THUNKS") == "0":
        assert outcome(kind, 1, 2) == (TypeError, "bulk.Plain() takes no arguments")
    else:
        assert kind(1, two=2) is None
    kind.__init__ = lambda self, *args, **kwargs: None
    assert type(kind(1, two=2)) is kind

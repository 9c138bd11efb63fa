"""Lists, tuples, dicts, slices and builders."""

import sys

import pytest

EXT = "sequence"


class MyList(list):
    pass


class MyTuple(tuple):
    pass


class MyDict(dict):
    pass


def test_checks(mod):
    for value, name in [([], "List"), (MyList(), "List"), ((), "Tuple"), (MyTuple(), "Tuple"), ({}, "Dict"), (MyDict(), "Dict")]:
        for kind in ("List", "Tuple", "Dict"):
            assert getattr(mod, f"HPy{kind}_Check")(value) == (kind == name)
    for kind in ("List", "Tuple", "Dict"):
        assert getattr(mod, f"HPy{kind}_Check")(None) == 0


def test_new_list(mod):
    assert mod.HPyList_New(0) == []
    assert mod.HPyList_New(0) is not mod.HPyList_New(0)
    with pytest.raises(SystemError):
        mod.HPyList_New(-1)
    with pytest.raises(MemoryError):
        mod.HPyList_New(sys.maxsize)


def test_append(mod):
    items = MyList()
    for value in ("a", None, items):
        assert mod.HPyList_Append(items, value) == 0
    assert len(items) == 3 and items[2] is items
    for wrong in ((), {}, None, "x"):
        with pytest.raises(SystemError):
            mod.HPyList_Append(wrong, 1)


def test_dict(mod):
    assert mod.HPyDict_New() == {}
    box = {"a": 1, 2: None}
    assert mod.HPyDict_Keys(box) == ["a", 2]
    copy = mod.HPyDict_Copy(box)
    assert copy == box and copy is not box
    assert mod.HPyDict_Keys(MyDict(x=1)) == ["x"]
    assert type(mod.HPyDict_Copy(MyDict(x=1))) is dict
    assert mod.HPyDict_Keys({}) == []
    for wrong in ([], None, "x", NotImplemented):
        with pytest.raises(SystemError):
            mod.HPyDict_Keys(wrong)
        with pytest.raises(SystemError):
            mod.HPyDict_Copy(wrong)


def test_tuple(mod):
    value = object()
    assert mod.HPyTuple_FromArray() == ()
    assert mod.HPyTuple_FromArray(value) == (value,)
    assert mod.HPyTuple_FromArray(1, "two", None) == (1, "two", None)
    with pytest.raises(SystemError):
        mod.tuple_of_size(-1)


@pytest.mark.parametrize("kind, made", [("List", list), ("Tuple", tuple)])
def test_builders(mod, kind, made):
    build, cancel = getattr(mod, "build_" + kind), getattr(mod, "cancel_" + kind)
    assert build(0) == made()
    items = [object() for _ in range(50)]
    built = build(50, *items)
    assert type(built) is made
    assert built == made(items)
    assert cancel(*items) is None
    assert cancel() is None
    # The failure of New is reported by Build.
    with pytest.raises(MemoryError):
        build(sys.maxsize)


def references(value):
    return sys.getrefcount(value)


def test_builders_own_what_they_hold(mod):
    value = object()
    before = references(value)
    mod.cancel_List(value, value)
    mod.cancel_Tuple(value, value)
    mod.build_List(2, value, value)
    mod.build_Tuple(2, value, value)
    mod.HPyTuple_FromArray(value, value)
    assert references(value) == before
    kept = mod.build_List(2, value, value)
    assert references(value) == before + 2
    del kept


SLICES = [
    slice(None),
    slice(1, 5),
    slice(-3, None),
    slice(None, None, -1),
    slice(5, 1, -2),
    slice(10**30, -(10**30), 3),
    slice(-(10**30), 10**30, -7),
    slice(True, None, None),
]


@pytest.mark.parametrize("value", SLICES, ids=str)
@pytest.mark.parametrize("length", [0, 1, 7])
def test_slice_unpack(mod, value, length):
    start, stop, count = mod.HPySlice_AdjustIndices(value, length)
    expected = value.indices(length)
    assert start == expected[0]
    assert count == len(range(*expected))
    _, _, step = mod.HPySlice_Unpack(value)
    assert step == expected[2]


def test_slice_unpack_limits(mod):
    top = sys.maxsize
    assert mod.HPySlice_Unpack(slice(None)) == (0, top, 1)
    assert mod.HPySlice_Unpack(slice(None, None, -1)) == (top, -top - 1, -1)
    assert mod.HPySlice_Unpack(slice(None, None, -(10**30))) == (top, -top - 1, -top)


def test_slice_unpack_errors(mod):
    with pytest.raises(ValueError, match="slice step cannot be zero"):
        mod.HPySlice_Unpack(slice(None, None, 0))
    for wrong in (slice("a"), slice(1.5, 2), slice(None, None, "x")):
        with pytest.raises(TypeError, match="slice indices must be integers"):
            mod.HPySlice_Unpack(wrong)

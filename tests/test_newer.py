"""The functions that came after HPy 0.9.0."""

import re
import sys

import pytest

EXT = "newer"


def test_get_iter(mod):
    items = [1, 2]
    it = mod.HPy_GetIter(items)
    assert list(it) == items
    it = iter(items)
    assert mod.HPy_GetIter(it) is it

    class Old:
        def __getitem__(self, index):
            if index > 2:
                raise IndexError
            return index

    assert list(mod.HPy_GetIter(Old())) == [0, 1, 2]

    class Bad:
        def __iter__(self):
            return 5

    class Failing:
        def __iter__(self):
            raise KeyError("iter")

    with pytest.raises(TypeError, match="'int' object is not iterable"):
        mod.HPy_GetIter(5)
    # CPython 3.15 says it in other words than its predecessors.
    with pytest.raises(TypeError) as own:
        iter(Bad())
    with pytest.raises(TypeError, match=re.escape(str(own.value))):
        mod.HPy_GetIter(Bad())
    with pytest.raises(KeyError, match="iter"):
        mod.HPy_GetIter(Failing())


def test_next(mod):
    it = iter("ab")
    assert mod.HPyIter_Next(it) == ("a",)
    assert mod.HPyIter_Next(it) == ("b",)
    # The end is a null handle without an exception, as often as one asks.
    assert mod.HPyIter_Next(it) == ()
    assert mod.HPyIter_Next(it) == ()


def test_next_errors(mod):
    def generator():
        yield 1
        raise ZeroDivisionError("in the generator")

    it = generator()
    assert mod.HPyIter_Next(it) == (1,)
    with pytest.raises(ZeroDivisionError, match="in the generator"):
        mod.HPyIter_Next(it)
    assert mod.HPyIter_Next(it) == ()

    class Stops:
        def __iter__(self):
            return self

        def __next__(self):
            raise StopIteration("value")

    assert mod.HPyIter_Next(Stops()) == ()


def test_iter_check(mod):
    for value in (iter([]), iter({}), (x for x in ()), zip()):
        assert mod.HPyIter_Check(value) == 1
    for value in ([], {}, "abc", 5, None, range(3)):
        assert mod.HPyIter_Check(value) == 0


def test_insert(mod):
    for index in (0, 1, 2, 3, 50, -1, -2, -50, sys.maxsize, -sys.maxsize - 1):
        ours, python = [1, 2, 3], [1, 2, 3]
        assert mod.HPyList_Insert(ours, index, "new") == 0
        python.insert(index, "new")
        assert ours == python, index

    class Mine(list):
        def insert(self, index, value):
            raise AssertionError("the C function does not call the method")

    items = Mine([1])
    mod.HPyList_Insert(items, 0, 0)
    assert items == [0, 1]
    for wrong in ((1,), "ab", None, {}):
        with pytest.raises(SystemError):
            mod.HPyList_Insert(wrong, 0, 1)


BOUNDS = [0, 1, 3, 5, 6, 100, -1, -2, -5, -6, -100, sys.maxsize, -sys.maxsize - 1]


@pytest.mark.parametrize("sequence", [[1, 2, 3, 4, 5], (1, 2, 3, 4, 5), "héllo", b"bytes", bytearray(b"array"), range(5)])
def test_get_slice(mod, sequence):
    for start in BOUNDS:
        for end in BOUNDS:
            given = mod.HPy_GetSlice(sequence, start, end)
            expected = sequence[start:end]
            assert given == expected, (start, end)
            assert type(given) is type(expected)


def test_get_slice_elsewhere(mod):
    class Recorder:
        def __getitem__(self, key):
            return key

    assert mod.HPy_GetSlice(Recorder(), -2, 7) == slice(-2, 7, None)
    for wrong in (5, None, object()):
        with pytest.raises(TypeError, match="unsliceable|not subscriptable"):
            mod.HPy_GetSlice(wrong, 0, 1)
    with pytest.raises((TypeError, KeyError)):
        mod.HPy_GetSlice({}, 0, 1)


def test_set_slice(mod):
    for start in BOUNDS:
        for end in BOUNDS:
            for value in ([], ["x"], "abc", (1, 2)):
                ours, python = [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]
                assert mod.HPy_SetSlice(ours, start, end, value) == 0
                python[start:end] = value
                assert ours == python, (start, end, value)
    data = bytearray(b"hello")
    mod.HPy_SetSlice(data, 1, -1, b"--")
    assert data == b"h--o"

    class Recorder:
        def __setitem__(self, key, value):
            self.seen = key, value

    recorder = Recorder()
    mod.HPy_SetSlice(recorder, 1, -1, "v")
    assert recorder.seen == (slice(1, -1, None), "v")


def test_set_slice_errors(mod):
    for wrong in (5, (1, 2), "text", None):
        with pytest.raises(TypeError):
            mod.HPy_SetSlice(wrong, 0, 1, [])
    with pytest.raises(TypeError, match="iterable"):
        mod.HPy_SetSlice([1], 0, 1, 5)


def test_delete_slice(mod):
    for start in BOUNDS:
        for end in BOUNDS:
            ours, python = [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]
            assert mod.HPy_DelSlice(ours, start, end) == 0
            del python[start:end]
            assert ours == python, (start, end)

    class Recorder:
        def __delitem__(self, key):
            self.seen = key

    recorder = Recorder()
    mod.HPy_DelSlice(recorder, 0, 2)
    assert recorder.seen == slice(0, 2, None)
    for wrong in (5, (1, 2), "text", None):
        with pytest.raises(TypeError):
            mod.HPy_DelSlice(wrong, 0, 1)


def test_new_slice(mod):
    assert mod.HPySlice_New(1, 2, 3) == slice(1, 2, 3)
    assert mod.HPySlice_New("a", None, 1.5) == slice("a", None, 1.5)
    # A null handle is None.
    null = NotImplemented
    assert mod.HPySlice_New(null, null, null) == slice(None, None, None)
    assert mod.HPySlice_New(null, 5, null) == slice(None, 5, None)
    assert mod.HPySlice_New(1, 2, null) == slice(1, 2)


def test_dict_type(mod):
    assert mod.dict_type() is dict


def test_struct_behind_a_dict(mod):
    Counted = mod.make_counted()
    box = Counted(a=1)
    assert isinstance(box, dict) and box == {"a": 1}
    assert box.reads == 0
    assert box["anything"] == "anything"
    assert box.reads == 1
    box.update(b=2)
    assert list(box) == ["a", "b"]

    class Sub(Counted):
        pass

    sub = Sub(x=1)
    assert sub[5] == 5 and sub.reads == 1 and sub == {"x": 1}

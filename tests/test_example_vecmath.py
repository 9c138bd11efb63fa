"""The example vecmath: arithmetic, views and buffers against plain Python, and against NumPy where it is installed."""

from __future__ import annotations

import array
import itertools
import math
import pickle
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leaks
import rust_example

try:
    import numpy
except ImportError:
    numpy = None

pytestmark = pytest.mark.abis("universal")
needs_numpy = pytest.mark.skipif(numpy is None, reason="NumPy is not in this environment: it has no wheel for this Python")


@pytest.fixture
def vm(variant):
    module = rust_example.load("vecmath", variant.mode)
    if variant.mode != "debug":
        yield module
        return
    with leaks.none_left_open():
        yield module


def test_making(vm):
    a = vm.array([[1, 2.5], [True, -3]])
    assert a.shape == (2, 2) and a.strides == (16, 8) and (a.ndim, a.size, a.itemsize, a.nbytes) == (2, 4, 8, 32)
    assert a.tolist() == [[1.0, 2.5], [1.0, -3.0]]
    assert vm.array(7).shape == () and vm.array(7).tolist() == 7.0
    assert vm.array([]).shape == (0,) and vm.array([[], []]).shape == (2, 0)
    assert vm.array([a, [[5, 6], [7, 8]]]).shape == (2, 2, 2)
    assert vm.array((10**20, 1)).tolist() == [1e20, 1.0]
    assert vm.array(array.array("i", [1, 2])).tolist() == [1.0, 2.0]
    assert vm.zeros(2).tolist() == [0, 0] and vm.ones((1, 2)).tolist() == [[1, 1]] and vm.full((), 3).item() == 3
    assert vm.eye(3).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert vm.arange(4).tolist() == [0, 1, 2, 3] and vm.arange(5, 1, -2).tolist() == [5, 3]
    assert vm.linspace(0, 1, 5).tolist() == [0, 0.25, 0.5, 0.75, 1] and vm.linspace(2, 9, 1).tolist() == [2]
    assert vm.concatenate([a, a[:1]], axis=0).shape == (3, 2) and vm.concatenate([a, a], -1).tolist()[0] == [1, 2.5, 1, 2.5]
    assert vm.where([1, 0], [[1, 2]], 9).tolist() == [[1, 9]]


def test_what_cannot_be_made(vm):
    for wrong, error, message in (
        ([[1], [1, 2]], ValueError, "inhomogeneous shape after 1 dimension"),
        ([1, [2]], ValueError, "inhomogeneous shape"),
        (["1"], TypeError, "not of str"),
        ([None], TypeError, "not of None"),
        ({}, TypeError, "not of dict"),
        (b"12345678", TypeError, "not of bytes"),
        ([10**400], OverflowError, "too large"),
    ):
        with pytest.raises(error, match=message):
            vm.array(wrong)
    for shape, message in ((-1, "negative dimensions"), ((2**40, 2**40), "too big"), ((1,) * 65, "maximum supported dimension"), ((0, 2**62, 4), "too big")):
        with pytest.raises(ValueError, match=message):
            vm.zeros(shape)
    with pytest.raises(TypeError, match="int or a tuple of ints, not float"):
        vm.zeros(1.5)
    with pytest.raises(ValueError, match="need at least one array"):
        vm.concatenate([])
    with pytest.raises(ValueError, match="must match exactly"):
        vm.concatenate([[1], [[2]]])
    with pytest.raises(ValueError, match="step other than 0"):
        vm.arange(0, 1, 0)
    with pytest.raises(ValueError, match=r"an array of shape \(2,\) has 16 bytes, not 3"):
        vm.frombytes(b"123", 2)
    nested: list = [1]
    for _ in range(200):
        nested = [nested]
    with pytest.raises(ValueError, match="maximum supported dimension"):
        vm.array(nested)


def test_arithmetic(vm):
    a, b = vm.array([[1, 2], [3, 4]]), vm.array([10, 20])
    assert (a + b).tolist() == [[11, 22], [13, 24]] and (b - a).tolist() == [[9, 18], [7, 16]]
    assert (2 * a).tolist() == [[2, 4], [6, 8]] and (1 / vm.array([4, 0])).tolist() == [0.25, math.inf]
    assert (a**2).tolist() == [[1, 4], [9, 16]] and (2**b).tolist() == [1024, 2**20]
    assert (-a).tolist() == [[-1, -2], [-3, -4]] and abs(-a).tolist() == a.tolist() == (+a).tolist()
    assert (a + [[1], [2]]).tolist() == [[2, 3], [5, 6]] and (a + array.array("d", [1, 2])).tolist() == [[2, 4], [4, 6]]
    for x, y in itertools.product((7, -7, 7.5, -0.0, 0.3), (2, -2, 0.1, 1e300)):
        assert (vm.array(x) // y).item() == float(x) // y and (vm.array(x) % y).item() == float(x) % y
    assert (a < 3).tolist() == [[1, 1], [0, 0]] and (a == [[1, 0], [3, 0]]).tolist() == [[1, 0], [1, 0]]
    assert (a != a).any() is False and (a >= a).all() is True
    assert (a @ b) .tolist() == [50, 110] and (b @ b) == 500 and (a @ a).tolist() == [[7, 10], [15, 22]] and (b @ a).tolist() == [70, 100]
    assert vm.sqrt([4, 9]).tolist() == [2, 3] and vm.exp(0).item() == 1 and vm.floor(-1.5).item() == -2
    assert vm.maximum([1, math.nan], 2).tolist()[0] == 2 and math.isnan(vm.minimum([math.nan], 2)[0])
    assert (a == "x") is False and a.__add__("x") is NotImplemented


def test_in_place_and_aliases(vm):
    a = vm.arange(6)
    same = a
    a += 1
    a *= [1, 1, 1, 2, 2, 2]
    assert a is same and a.tolist() == [1, 2, 3, 8, 10, 12]
    a[1:] += a[:-1]
    assert a.tolist() == [1, 3, 5, 11, 18, 22]
    a[::-1] = a
    assert a.tolist() == [22, 18, 11, 5, 3, 1]
    a //= 2
    a -= a
    assert a.tolist() == [0] * 6
    with pytest.raises(ValueError, match="non-broadcastable output operand"):
        a += [[1], [2]]
    b = vm.zeros((2, 3))
    b[...] = [1, 2, 3]
    b[1, ::2] = 9
    b[0][1] = 5
    b.T[2] = [[7, 8]]
    assert b.tolist() == [[1, 5, 7], [9, 2, 8]]
    with pytest.raises(ValueError, match=r"could not broadcast input array from shape \(2,\) into shape \(2,3\)"):
        b[:] = [1, 2]


def test_indexing(vm):
    a = vm.arange(24).reshape(2, 3, 4)
    assert a[1, 2, 3] == 23.0 and a[-1][-1][-1] == 23.0 and isinstance(a[0, 0, 0], float)
    assert a[:, 1].tolist() == [[4, 5, 6, 7], [16, 17, 18, 19]] and a[..., -1].tolist() == [[3, 7, 11], [15, 19, 23]]
    assert a[0, ::-1, ::2].tolist() == [[8, 10], [4, 6], [0, 2]] and a[0, :, None, 1].shape == (3, 1)
    assert a[None, ..., None].shape == (1, 2, 3, 4, 1) and a[5:].shape == (0, 3, 4) and a[()].shape == a.shape
    assert vm.array(5)[...].shape == () and vm.array(5)[()] == 5.0
    for index, message in (
        (2, "index 2 is out of bounds for axis 0 with size 2"), ((0, -4), "index -4 is out of bounds for axis 1 with size 3"),
        ((0, 0, 0, 0), "too many indices for array: array is 3-dimensional, but 4 were indexed"), ((..., ...), "single ellipsis"),
        (1.0, "only integers, slices"), (True, "only integers, slices"), ("x", "only integers, slices"),
    ):  # fmt: skip
        with pytest.raises(IndexError, match=message):
            a[index]
    with pytest.raises(ValueError, match="slice step cannot be zero"):
        a[::0]
    with pytest.raises((IndexError, OverflowError)):
        a[2**70]
    a[0, 0] = -1
    assert a[0, 0].tolist() == [-1] * 4
    assert [row.shape for row in a] == [(3, 4), (3, 4)] and list(vm.arange(3)) == [0, 1, 2]
    iterator = iter(vm.zeros((0, 2)))
    assert list(iterator) == [] and list(iterator) == []
    with pytest.raises(TypeError, match="iteration over a 0-d array"):
        iter(vm.array(1))
    with pytest.raises(TypeError, match="len\\(\\) of unsized object"):
        len(vm.array(1))
    assert len(a) == 2 and 22.0 in a and 99 not in a
    a[...] = math.nan
    assert math.nan not in a


def test_shapes(vm):
    a = vm.arange(6)
    b = a.reshape(2, -1)
    b[0, 0] = 9
    assert a[0] == 9 and b.T.shape == (3, 2) and b.T.strides == (8, 24) and b.transpose(1, 0).tolist() == b.T.tolist()
    assert b.T.reshape((6,)).tolist() == [9, 3, 1, 4, 2, 5] and b.T.ravel().tolist() == b.T.flatten().tolist()
    assert a.ravel().strides == (8,) and a.copy().tolist() == a.tolist()
    for shape, message in (((4,), r"cannot reshape array of size 6 into shape \(4,\)"), ((-1, -1), "one unknown dimension"), ((-1, 0), "cannot reshape"), ((2**62, 4), "cannot reshape|too big")):
        with pytest.raises(ValueError, match=message):
            a.reshape(shape)
    with pytest.raises(ValueError, match="axes don't match array"):
        b.transpose(0)
    with pytest.raises(ValueError, match="repeated axis"):
        b.transpose(0, 0)
    with pytest.raises(ValueError, match="axis 2 is out of bounds for array of dimension 2"):
        b.transpose(2, 0)


def test_reductions(vm):
    a = vm.array([[1, 5, 3], [4, 2, 6]])
    assert a.sum() == 21 and a.sum(0).tolist() == [5, 7, 9] and a.sum(-1, keepdims=True).tolist() == [[9], [12]]
    assert a.prod() == 720 and a.min() == 1 and a.max(axis=1).tolist() == [5, 6] and a.mean() == 3.5
    assert a.var() == pytest.approx(35 / 12) and a.std(ddof=1) == pytest.approx(math.sqrt(3.5))
    assert a.argmax() == 5 and isinstance(a.argmax(), int) and a.argmin(0).tolist() == [0, 1, 0]
    assert a.all() is True and (a - 1).all(1).tolist() == [0, 1] and (a * 0).any() is False
    assert math.isnan(vm.array([1, math.nan, 0]).min()) and vm.array([1, math.nan, math.nan]).argmax() == 1
    assert vm.zeros(0).sum() == 0 and vm.zeros((0, 2)).sum(0).tolist() == [0, 0] and vm.zeros((2, 0)).prod(1).tolist() == [1, 1]
    with pytest.raises(ValueError, match="zero-size array to reduction operation maximum which has no identity"):
        vm.zeros(0).max()
    with pytest.raises(ValueError, match="axis 2 is out of bounds for array of dimension 2"):
        a.sum(2)
    many = vm.full(100_001, 0.1)
    assert many.sum() == pytest.approx(10000.1, rel=1e-14)


def test_errors(vm):
    with pytest.raises(ValueError, match=r"operands could not be broadcast together with shapes \(2,3\) \(4,\)"):
        vm.zeros((2, 3)) + vm.zeros(4)
    with pytest.raises(ValueError, match="matmul: Input operand 1 has a mismatch in its core dimension 0"):
        vm.zeros((2, 3)) @ vm.zeros(4)
    with pytest.raises(ValueError, match="more than one element is ambiguous"):
        bool(vm.zeros(2))
    assert not vm.zeros(0) and not vm.zeros(1) and vm.ones((1, 1)) and float(vm.full(1, 2.5)) == 2.5
    with pytest.raises(ValueError, match="array of size 1"):
        float(vm.zeros(2))
    with pytest.raises(TypeError, match="unhashable"):
        hash(vm.zeros(1))
    with pytest.raises(TypeError):
        vm.zeros(1) + "1"
    with pytest.raises(TypeError):
        vm.Array()


def test_buffers(vm):
    a = vm.arange(6).reshape(2, 3)
    view = memoryview(a)
    assert (view.format, view.shape, view.strides, view.readonly) == ("d", (2, 3), (24, 8), False)
    view[1, 2] = 50.0
    assert a[1, 2] == 50 and memoryview(a.T[::-1]).tolist() == a.T[::-1].tolist()
    del a
    assert view.tolist() == [[0, 1, 2], [3, 4, 50]]

    source = array.array("d", range(6))
    shared = vm.asarray(source)
    part = shared[::-2]
    del shared
    source[5] = -5.0
    part[1] = 33
    assert part.tolist() == [-5, 33, 1] and source[3] == 33.0
    with pytest.raises(BufferError):
        source.append(1.0)
    del part
    source.append(1.0)

    fixed = vm.asarray(memoryview(bytes(16)).cast("d"))
    assert fixed.readonly and memoryview(fixed).readonly
    for change in (lambda: fixed.fill(1), lambda: fixed.__setitem__(0, 1), lambda: fixed.__iadd__(1), lambda: fixed[:1].__setitem__(0, 1)):
        with pytest.raises(ValueError, match="assignment destination is read-only"):
            change()
    assert (fixed + 1).tolist() == [1, 1] and not fixed.copy().readonly
    assert vm.asarray(fixed) is fixed and vm.asarray([1]).tolist() == [1]
    assert vm.asarray(vm.zeros(2)).tolist() == [0, 0]
    unaligned = vm.asarray(memoryview(bytearray(20))[4:].cast("d"))
    unaligned += 1.5
    assert unaligned.sum() == 3


def test_repr(vm):
    assert repr(vm.array([1, 2.5, -3])) == "array([ 1. ,  2.5, -3. ])"
    assert repr(vm.arange(4).reshape(2, 2)) == "array([[0., 1.],\n       [2., 3.]])"
    assert repr(vm.zeros((1, 2, 1))) == "array([[[0.],\n        [0.]]])"
    assert repr(vm.array([1e20, 1])) == "array([1.e+20, 1.e+00])"
    assert repr(vm.array([math.nan, math.inf, 0.5])) == "array([nan, inf, 0.5])"
    assert repr(vm.zeros(0)) == "array([])" and repr(vm.zeros((0, 3))) == "array([], shape=(0, 3))"
    assert repr(vm.array(5)) == "array(5.)" and repr(vm.arange(2000)).count("...") == 1 and len(repr(vm.zeros((100, 100)))) < 700


def test_pickling(vm, monkeypatch):
    monkeypatch.setitem(sys.modules, "vecmath", vm)
    a = vm.arange(6).reshape(2, 3).T
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(a, protocol))
        assert again.tolist() == a.tolist() and type(again) is vm.Array


@rust_example.builds_for_one
def test_without_a_runtime():
    ordinary = rust_example.ordinary("vecmath")
    for test in (test_arithmetic, test_in_place_and_aliases, test_indexing, test_buffers, test_errors):
        test(ordinary)


shapes = st.lists(st.integers(0, 3), max_size=3)
slices = st.slices(4)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_views_against_lists(data):
    """A view of a view sees what plain lists say, and writes there."""
    vm = rust_example.load("vecmath")
    rows, columns = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    plain = [[float(row * columns + column) for column in range(columns)] for row in range(rows)]
    whole = vm.array(plain)
    first, second = data.draw(slices), data.draw(slices)
    part = whole[first, second]
    expected = [row[second] for row in plain[first]]
    assert part.tolist() == expected or part.size == 0
    assert (part.T + 0.0).T.tolist() == part.tolist()
    part *= 2
    for row in range(rows)[first]:
        for column in range(columns)[second]:
            plain[row][column] *= 2
    assert whole.tolist() == plain and memoryview(whole).tolist() == plain


@needs_numpy
@settings(deadline=None, max_examples=80)
@given(shapes, shapes, st.sampled_from(["+", "-", "*", "<", "==", "//", "%"]))
def test_broadcasting_against_numpy(left, right, operator):
    vm = rust_example.load("vecmath")
    a, b = (numpy.arange(math.prod(shape), dtype=float).reshape(shape) - 3 for shape in (left, right))
    with numpy.errstate(all="ignore"):
        try:
            expected = eval(f"a {operator} b")
        except ValueError:
            with pytest.raises(ValueError, match="operands could not be broadcast together"):
                eval(f"x {operator} y", {"x": vm.array(a), "y": vm.array(b)})
            return
    given = eval(f"x {operator} y", {"x": vm.asarray(a), "y": b})
    numpy.testing.assert_array_equal(numpy.asarray(given), expected.astype(float))


@needs_numpy
def test_numpy_without_copying(vm):
    n = numpy.arange(12.0).reshape(3, 4)
    shared = vm.asarray(n[::2, ::-1])
    assert shared.shape == (2, 4) and shared.strides == n[::2, ::-1].strides
    shared[0, 0] = 99
    assert n[0, 3] == 99
    again = numpy.asarray(shared)
    assert numpy.shares_memory(again, n) and not again.flags.owndata
    del shared
    again[1, 1] = -1
    assert n[2, 2] == -1
    mine = vm.zeros((2, 3)).T
    view = numpy.asarray(mine)
    view[2, 1] = 4
    assert mine[2, 1] == 4 and view.strides == mine.strides
    assert (n + vm.ones(4)).tolist() == (n + 1).tolist() and type(n + vm.ones(4)) is vm.Array
    assert type(vm.ones(4) * n) is vm.Array and (n[0] @ vm.ones(4)) == n[0].sum()
    assert vm.array(numpy.arange(3)).tolist() == [0, 1, 2] and (vm.ones(3) + numpy.arange(3, dtype="i2")).tolist() == [1, 2, 3]
    assert vm.array([numpy.float32(1.5), numpy.int64(2)]).tolist() == [1.5, 2]
    for index in (1, (slice(None), 2), (slice(None, None, -1), slice(1, 3)), (Ellipsis, None), None):
        assert vm.asarray(n)[index].tolist() == n[index].tolist()
    for axis in (None, 0, 1, -1):
        for name in ("sum", "prod", "min", "max", "mean", "var", "std", "argmin", "argmax"):
            numpy.testing.assert_allclose(numpy.asarray(getattr(vm.asarray(n), name)(axis)), getattr(n, name)(axis), rtol=1e-12)

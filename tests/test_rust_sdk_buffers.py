"""Classes of the Rust SDK that export their memory: see rust_ext/src/export.rs."""

from __future__ import annotations

import gc
import struct
import threading

import pytest
import rust_extension
from test_rust_sdk import message, mod  # noqa: F401

pytestmark = [
    pytest.mark.abis("universal", "cpython"),
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]


def test_view(mod):
    grid = mod.Grid(2, 3)
    view = memoryview(grid)
    assert (view.format, view.itemsize, view.shape, view.strides) == ("d", 8, (2, 3), (24, 8))
    assert (view.ndim, view.nbytes, view.readonly, view.c_contiguous) == (2, 48, False, True)
    assert view.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert view.obj is grid
    view[1, 2] = 9.5
    assert grid.get(1, 2) == 9.5
    grid.set(0, 1, -1)
    assert view[0, 1] == -1
    view.release()


def test_release(mod):
    grid = mod.Grid(1, 2)
    assert grid.views() == 0 and grid.double()
    first, second = memoryview(grid), memoryview(grid)
    assert grid.views() == 2
    assert not grid.double()
    first.release()
    assert grid.views() == 1
    sliced = second[:1]
    second.release()
    assert grid.views() == 1
    del sliced
    gc.collect()
    assert grid.views() == 0
    assert grid.double() and grid.get(0, 1) == 4


def test_each_release_is_of_its_own_view(mod):
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        grids = [mod.Grid(1, 2) for _ in order]
        views = [memoryview(grid) for grid in grids]
        open_ones = [1, 1, 1]
        for index in order:
            views[index].release()
            open_ones[index] = 0
            assert [grid.views() for grid in grids] == open_ones


def test_views_keep_memory_alive(mod):
    grid = mod.Grid(2, 2)
    view = memoryview(grid)
    grid.resize(5, 5)
    assert view.tolist() == [[0, 1], [2, 3]]
    assert memoryview(grid).shape == (5, 5)
    del grid
    gc.collect()
    assert view.tolist() == [[0, 1], [2, 3]]
    view.release()


def test_layouts(mod):
    grid = mod.Grid(2, 3)
    grid.layout = "columns"
    view = memoryview(grid)
    assert (view.shape, view.strides, view.c_contiguous, view.f_contiguous) == ((3, 2), (8, 24), False, True)
    assert view.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert view.tobytes() == struct.pack("6d", 0, 3, 1, 4, 2, 5)
    view.release()
    grid.layout = "backwards"
    view = memoryview(grid)
    assert view.tolist() == [5, 4, 3, 2, 1, 0] and view.strides == (-8,)
    assert bytes(grid) == struct.pack("6d", 5, 4, 3, 2, 1, 0)
    view.release()
    grid.layout = "scalar"
    view = memoryview(grid)
    assert (view.ndim, view.shape, view.tolist(), bytes(view)) == (0, (), 0.0, struct.pack("d", 0))
    view.release()
    grid.layout = "repeated"
    view = memoryview(grid)
    assert view.shape == (1 << 20, 3) and view[12345, 2] == 2
    view.release()
    empty = mod.Grid(0, 4)
    assert memoryview(empty).shape == (0, 4) and bytes(empty) == b""


def test_what_consumers_want(mod):
    grid = mod.Grid(1, 2)
    # A plain block of bytes, as files take it.
    assert bytes(grid) == struct.pack("2d", 0, 1)
    assert bytearray(b"").join([grid, grid]) == bytes(grid) * 2
    struct.pack_into("d", grid, 8, 7.0)
    assert grid.get(0, 1) == 7
    grid.layout = "backwards"
    with pytest.raises((TypeError, BufferError)):
        struct.pack_into("d", grid, 8, 7.0)
    grid.layout = "readonly"
    view = memoryview(grid)
    assert view.readonly and view.tolist() == [0, 7]
    view.release()
    with pytest.raises(TypeError):
        struct.pack_into("d", grid, 8, 7.0)
    assert grid.views() == 0


def test_read_only_owners(mod):
    table = mod.Table([1, 2, 65535])
    view = memoryview(table)
    assert (view.format, view.readonly, view.tolist()) == ("H", True, [1, 2, 65535])
    del table
    gc.collect()
    assert view[2] == 65535
    view.release()
    view = memoryview(mod.Primes())
    assert (view.format, view.tolist(), view.readonly) == ("q", [2, 3, 5, 7], True)
    view.release()


@pytest.mark.parametrize(
    "layout, text",
    [
        ("too many", "memory of 6 items has no view of shape [2, 4]"),
        ("outside", "a view of shape [2, 3] with strides [3, 1] from item 1 leaves memory of 6 items"),
        ("before", "a view of shape [2] with strides [-1] from item 0 leaves memory of 6 items"),
        ("far", "leaves memory of 6 items"),
        ("nonsense", "no layout nonsense"),
    ],
)
def test_refused(mod, layout, text):
    grid = mod.Grid(2, 3)
    grid.layout = layout
    assert text in message(ValueError, memoryview, grid)
    assert grid.views() == 0


def test_panic(mod, capfd):
    grid = mod.Grid(1, 1)
    grid.layout = "panic"
    assert "no view today" in message(RuntimeError, memoryview, grid)


@rust_extension.needs_hpy_rs
def test_rust_reads_what_rust_exports(mod):
    grid = mod.Grid(2, 3)
    assert mod.sum_buffer(grid) == 15
    assert mod.double_buffer(grid) == 6
    assert grid.get(1, 2) == 10
    assert "expected a buffer of float64" in message(TypeError, mod.sum_buffer, mod.Primes())
    assert grid.views() == 0


def test_subclass(mod):
    class Sub(mod.Grid):
        pass

    view = memoryview(Sub(1, 2))
    assert view.tolist() == [[0, 1]]
    view.release()


def test_threads(mod):
    grid = mod.Grid(1, 4)

    def views():
        for _ in range(300):
            with memoryview(grid) as view:
                view[0, 1] = 5.0

    threads = [threading.Thread(target=views) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert grid.views() == 0 and grid.get(0, 1) == 5

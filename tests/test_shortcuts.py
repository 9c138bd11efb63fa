"""What a binary does itself where the runtime offers it comes out as if it had called the runtime."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import weakref
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import extensions
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.abis("universal", "hybrid")

COUNT_WORDS, COUNT_I32, SET_ITEMS, TAKE_INTS, REACH_STRUCTS, READ_LENGTHS, READ_ITEMS = (2**n for n in range(7))
NO_GIL = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
COUNTS_ALL = bool(sysconfig.get_config_var("Py_REF_DEBUG")) or hasattr(sys, "gettotalrefcount")
#: The C compiler's options, by what they do.
BUILDS = {"shortcuts": ("-O2",), "none": ("-O2", "-DHPY_NO_SHORTCUTS"), "for size": ("-Os",)}


@lru_cache(maxsize=None)
def loaded(variant: str, options: str) -> ModuleType:
    chosen = extensions.VARIANTS[variant]
    return extensions.load("shortcuts", extensions.build("shortcuts", chosen.abi, flags=BUILDS[options]), chosen)


@pytest.fixture(params=list(BUILDS))
def module(request: pytest.FixtureRequest, variant: extensions.Variant) -> ModuleType:
    return loaded(variant.name, request.param)


def test_offers(variant):
    """A version of CPython that counts in another way has to be looked at before it gets an offer."""
    assert loaded(variant.name, "none").offers() == -1
    assert loaded(variant.name, "for size").offers() == -1
    offers = loaded(variant.name, "shortcuts").offers()
    if variant.mode != "universal" or NO_GIL or COUNTS_ALL:
        assert offers == 0
    elif sys.implementation.name == "cpython":
        counts = COUNT_I32 if sys.version_info >= (3, 12) else COUNT_WORDS
        assert offers == counts | SET_ITEMS | TAKE_INTS | REACH_STRUCTS | READ_LENGTHS | READ_ITEMS


THUNKS = os.environ.get("HPY_RS_THUNKS") != "0"
#: The runtime has a context for it that offers everything.
OFFERS_ALL = sys.implementation.name == "cpython" and not NO_GIL and not COUNTS_ALL
GOES_STRAIGHT = sys.platform.startswith("linux") and OFFERS_ALL and THUNKS


def test_calls_go_straight(variant):
    """In universal mode, and where the compiler is not told to leave it out."""
    for build in BUILDS:
        expected = GOES_STRAIGHT and variant.mode == "universal" and build == "shortcuts"
        assert loaded(variant.name, build).straight() is expected, build


def test_calls(module):
    """However they get there."""
    value = object()
    assert module.nothing() == 1000
    assert module.same(value) is value
    assert module.named() == ((), None)
    assert module.named(value, 2, x=3, y=value) == ((value, 2, 3, value), ("x", "y"))
    assert list(map(module.named, [1], [2])) == [((1, 2), None)]
    for call in (lambda: module.nothing(1), module.same, lambda: module.same(x=1)):
        with pytest.raises(TypeError):
            call()


class Long(str):
    def __len__(self):
        return 12345


def test_length(module):
    values = ["", "abc", "\xe9", "\U0001f600" * 9, [], [1, 2], (), (1,), {1: 2}, b"abc", range(7), {1}, Long("a")]
    for value in values:
        assert module.length(value) == len(value), type(value)
    for value in (1, None, object(), str):
        with pytest.raises(TypeError):
            module.length(value)


class Items(list):
    def __getitem__(self, index):
        return ("own", index)


class Value(float):
    def __float__(self):
        return 12345.0


@pytest.mark.parametrize("make", [list, tuple, Items, lambda items: dict(enumerate(items))])
def test_items(module, make):
    one, two = object(), object()
    items = make([one, two, None, 7])
    for index in [0, 1, 2, 3, -1, -4, 4, -5, 2**62, -(2**62)]:
        try:
            expected = items[index]
        except (IndexError, KeyError) as error:
            with pytest.raises(type(error)):
                module.item(items, index)
        else:
            assert module.item(items, index) == expected
    with pytest.raises(TypeError):
        module.item({1}, 0)


def test_items_are_counted(module):
    one = object()
    items = [one]
    before = sys.getrefcount(one)
    kept = [module.item(items, 0) for _ in range(50)]
    assert sys.getrefcount(one) == before + 50
    del kept
    assert sys.getrefcount(one) == before


def test_floats(module):
    for value in [0.0, -0.0, 1.5, -1.0, 1e308, 5e-324, float("inf"), 7, -1, True, 2**70, Value(2.5)]:
        assert repr(module.float_value(value)) == repr(float(value) if type(value) is not Value else 2.5)
    assert str(module.float_value(float("nan"))) == "nan"
    for value in ("1.5", None, object(), 1j):
        with pytest.raises(TypeError):
            module.float_value(value)
    with pytest.raises(OverflowError):
        module.float_value(2**2000)


def test_sums_leave_counts_as_they_were(module):
    values = [i * 0.5 for i in range(20)] + [3, True, Value(1.5)]
    before = [sys.getrefcount(value) for value in values[:20]]
    for _ in range(100):
        assert module.total(values) == 95.0 + 3 + 1 + 1.5
    assert [sys.getrefcount(value) for value in values[:20]] == before
    with pytest.raises(TypeError):
        module.total([1.5, "no"])


@pytest.mark.skipif(not GOES_STRAIGHT, reason="calls go straight on Linux, where the context offers everything, with thunks for the others")
def test_the_first_interpreter_has_the_calls_that_go_straight(variant):
    """Until it ends. Others, and debug mode, get theirs by thunk, and every call has the context of its own."""
    if variant.name != "universal":
        pytest.skip("one process tells it all")
    path = str(extensions.build("shortcuts", flags=BUILDS["shortcuts"]))
    code = f"""
import sys
sys.path[:0] = {[str(Path(__file__).parent)]!r}
import hpy.universal
from subinterpreters import KINDS, interpreter
use = '''
import hpy.universal
from importlib.util import spec_from_file_location
path = {path!r}
module = hpy.universal.load("shortcuts", path, spec_from_file_location("shortcuts", path), mode=hpy.universal.MODE_%s)
result = [module.straight(), module.same("x"), list(module.named(1, y=2)[0]), module.nothing()]
'''
def here(mode):
    space = {{}}
    exec(use % mode, space)
    return space["result"]
rest = ["x", [1, 2], 1000]
for kind in KINDS:
    with interpreter(kind) as first:
        assert first.run(use % "DEBUG") == [False, *rest]
        assert first.run(use % "UNIVERSAL") == [True, *rest]
        assert first.run(use % "DEBUG") == [False, *rest]
        assert first.run(use % "UNIVERSAL") == [True, *rest]
        with interpreter(kind) as second:
            assert second.run(use % "UNIVERSAL") == [False, *rest]
            assert second.run(use % "TRACE") == [False, *rest]
        assert here("UNIVERSAL") == [False, *rest]
assert here("UNIVERSAL") == [True, *rest]
assert here("DEBUG") == [False, *rest]
print("done")
"""
    done = subprocess.run([sys.executable, "-X", "faulthandler", "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_trace_sees_every_call(variant):
    if variant.mode != "trace":
        pytest.skip("trace mode counts calls")
    from hpy import trace

    module = loaded(variant.name, "shortcuts")
    before = trace.get_call_counts()
    module.counted([], 10)
    module.ints(7)
    module.build(2, [(0, None), (1, None)])
    after = trace.get_call_counts()
    for name, least in {"ctx_Dup": 11, "ctx_Close": 10, "ctx_Long_FromInt64_t": 1, "ctx_ListBuilder_Set": 2}.items():
        assert after[name] - before[name] >= least, name


@pytest.mark.parametrize("times", [0, 1, 2, 1000])
def test_references(module, times):
    for value in ([], object(), "".join(["made ", "here"]), 10**20 + times, 1.5 + times):
        before = sys.getrefcount(value)
        kept = module.counted(value, times)
        with_it, same = sys.getrefcount(value), kept is value
        del kept
        after = sys.getrefcount(value)
        assert same
        assert (with_it, after) == (before + 1, before)


def test_references_to_what_everyone_has(module):
    for value in (None, True, 7, (), type):
        before = sys.getrefcount(value)
        for _ in range(1000):
            module.counted(value, 100)
        after = sys.getrefcount(value)
        # The interpreter has some of its own that come and go.
        assert abs(after - before) < 100


def test_immortal_objects_stay_immortal(module):
    if sys.version_info < (3, 12):
        pytest.skip("no object is immortal before 3.12")
    for value in (None, True, 7, ()):
        before = sys.getrefcount(value)
        kept = [module.counted(value, 100) for _ in range(100)]
        assert sys.getrefcount(value) == before
        del kept


def test_the_last_reference_ends_the_object(module):
    class Thing:
        pass

    seen = []

    def make():
        thing = Thing()
        seen.append(weakref.ref(thing, lambda _: seen.append("gone")))
        return thing

    module.dropped(make, 3)
    assert seen[1::2] == ["gone"] * 3


def test_the_last_reference_of_one_that_comes_back(module):
    saved = []

    class Phoenix:
        def __del__(self):
            saved.append(self)

    module.dropped(Phoenix, 2)
    assert len(saved) == 2 and all(type(one) is Phoenix for one in saved)


def test_null(module):
    assert module.nulls() == 1


def test_ints(module):
    edges = [0, 2**30, 2**31, 2**32, 2**62]
    for value in [*range(-20, 300), *(near for edge in edges for near in (edge - 1, edge, 1 - edge, -edge))]:
        made = module.ints(value)
        assert made == (value,) * 5
        assert {type(one) for one in made} == {int}
        if -5 <= value <= 256:
            assert {id(one) for one in made} == {id(int(str(value)))}
    assert module.ints(2**63 - 1) == (2**63 - 1,) * 5
    assert module.ints(-(2**63)) == (-(2**63),) * 5


def test_small_ints_are_counted(module):
    value = 250
    before = sys.getrefcount(value)
    kept = [module.ints(value) for _ in range(50)]
    after = sys.getrefcount(value)
    assert after == (before if sys.version_info >= (3, 12) else before + 250)
    del kept
    assert sys.getrefcount(value) == before


ITEMS = st.sampled_from([None, 7, "text", (1, 2), 2.5])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 5), st.lists(st.tuples(st.integers(-2, 6), ITEMS), max_size=12))
def test_lists(size, sets):
    """Any order of Sets, beside the bounds too, builds the same list or fails the same way."""
    variant = "universal"
    if extensions.unavailable(extensions.VARIANTS[variant]):
        pytest.skip("no universal ABI here")

    def outcome(options):
        try:
            return loaded(variant, options).build(size, sets)
        except SystemError as error:
            return str(error)

    results = [outcome(options) for options in BUILDS]
    assert results[0] == results[1] == results[2]
    last = {index: item for index, item in sets if 0 <= index < size}
    if len(last) == size:
        assert results[0] == [last[index] for index in range(size)]


def test_items_have_references_of_their_own(module):
    old, new = object(), object()
    counts = sys.getrefcount(old), sys.getrefcount(new)
    made = module.build(2, [(0, old), (1, old), (0, new)])
    after = sys.getrefcount(old), sys.getrefcount(new)
    assert made == [new, old]
    assert after == (counts[0] + 1, counts[1] + 1)
    made.append(1)
    del made
    after = sys.getrefcount(old), sys.getrefcount(new)
    assert after == counts


def test_a_list_that_was_not_made(module, variant):
    if variant.mode == "debug":
        pytest.skip("debug mode has its own word on such builders")
    with pytest.raises(SystemError, match="negative size"):
        module.build(-1, [(0, 1)])
    with pytest.raises(MemoryError):
        module.build(sys.maxsize // 4, [(0, 1)])
    with pytest.raises(SystemError, match="item 1 of 2 was not set"):
        module.build(2, [(0, 1), (1, NotImplemented)])


def test_other_lists_do_not_notice_one_that_was_not_made(module, variant):
    """A list object is used again for one for whose items there is no memory."""
    if variant.mode == "debug":
        pytest.skip("debug mode has its own word on such builders")
    kept = []
    for number in range(20):
        gone = [[number] for _ in range(40)]
        del gone
        for _ in range(10):
            with pytest.raises(MemoryError):
                module.build(sys.maxsize // 4, [])
        kept += [[index] for index in range(50)]
    assert kept == [[index] for index in range(50)] * 20


def test_several_files_share_the_offers(tmp_path):
    """Each source file of a binary finds what the one with HPy_MODINIT was told."""
    first = (
        '#include "hpy.h"\nuint32_t other_offers(HPyContext *ctx);\n'
        'HPyDef_METH(both, "both", HPyFunc_NOARGS)\nstatic HPy both_impl(HPyContext *ctx, HPy self)\n{\n    (void)self;\n'
        "    return HPyBool_FromBool(ctx, _HPy_Offers(ctx) == other_offers(ctx));\n}\n"
        "static HPyDef *defines[] = {&both, NULL};\nstatic HPyModuleDef definition = {.defines = defines};\n"
        "HPy_MODINIT(manyfiles, definition)\n"
    )
    second = '#include "hpy.h"\nuint32_t other_offers(HPyContext *ctx)\n{\n    return _HPy_Offers(ctx);\n}\n'
    (tmp_path / "first.c").write_text(first)
    (tmp_path / "second.c").write_text(second)
    binary = tmp_path / "manyfiles.hpy0.so"
    line = extensions.command_line("universal", tmp_path / "first.c", binary, ["-O2", str(tmp_path / "second.c")])
    subprocess.run(line, check=True)
    module = extensions.load("manyfiles", binary, extensions.VARIANTS["universal"])
    assert module.both() is True

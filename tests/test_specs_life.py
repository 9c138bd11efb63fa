"""How instances and types of specs end: finalizers, garbage collection, memory."""

from __future__ import annotations

import gc
import sys
import threading
import weakref

import pytest
from extensions import frees_modules
from memory_use import mapped
from typemaker import BASETYPE, DEFAULT, DICT, HAVE_GC, LIST, LONG, METACLASS, OBJECT, TUPLE, TYPE, UNICODE, make, node

EXT = "specs"
SHAPES = [OBJECT, LONG, UNICODE, TUPLE, LIST, DICT]


class TestCollection:
    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("traverse", ["node_traverse", "plain_traverse"])
    def test_cycles_through_fields(self, mod, shape, traverse):
        flags = DEFAULT | BASETYPE | HAVE_GC
        made = make(mod, traverse, "node_destroy", "member_field", size="Node", flags=flags, shape=shape)
        gc.collect()
        mod.counts()
        for _ in range(10):
            one, two = made(), made()
            one.field, two.field = two, one
            del one, two
        gc.collect()
        assert mod.counts()[0] == 20

    @frees_modules
    def test_cycles_through_the_type(self, mod):
        made = node(mod, "node_destroy")
        made.instance = made()
        reference = weakref.ref(made)
        mod.counts()
        del made
        gc.collect()
        assert reference() is None
        assert mod.counts()[0] == 1

    @frees_modules
    @pytest.mark.parametrize("shape", SHAPES)
    def test_cycles_through_attributes_of_subclasses(self, mod, shape):
        class Sub(node(mod, "node_destroy", shape=shape)):
            pass

        one = Sub()
        one.me = one.field = one
        one.type = Sub
        mod.counts()
        reference = weakref.ref(Sub)
        del one, Sub
        gc.collect()
        assert mod.counts()[0] == 1
        assert reference() is None

    @pytest.mark.parametrize("shape", [TUPLE, LIST, DICT])
    def test_cycles_through_items(self, mod, shape):
        made = node(mod, "node_destroy", shape=shape)
        holder = []
        one = {TUPLE: lambda: made((holder,)), LIST: lambda: made([holder]), DICT: lambda: made(a=holder)}[shape]()
        holder.append(one)
        mod.counts()
        del one, holder
        gc.collect()
        assert mod.counts()[0] == 1

    def test_referents_are_what_the_fields_hold(self, mod):
        one = node(mod)()
        one.field, one.field_ex = "a", "b"
        assert sorted(gc.get_referents(one)) == ["a", "b"]
        assert gc.is_tracked(one)

    def test_an_instance_is_a_referrer_of_its_type(self, mod):
        made = node(mod)
        one = made()
        assert any(referrer is one for referrer in gc.get_referrers(made))

    def test_no_collection_without_the_flag(self, mod):
        made = make(mod, "node_traverse", "member_field", size="Node")
        one = made()
        assert not gc.is_tracked(one)
        value = object()
        before = sys.getrefcount(value)
        one.field = value
        del one
        assert sys.getrefcount(value) == before

    @frees_modules
    def test_the_flag_comes_with_the_base(self, mod):
        made = make(mod, "derived_traverse", "member_more", size="Derived", bases=(node(mod),))
        one = made()
        assert gc.is_tracked(one)
        one.more = one.field = one
        reference = weakref.ref(made)
        del one, made
        gc.collect()
        assert reference() is None

    @frees_modules
    def test_a_dict_and_weak_references_of_its_own(self, mod):
        made = make(
            mod,
            "node_traverse",
            "member_dictoffset",
            "member_weaklistoffset",
            "node_destroy",
            size="Node",
            flags=DEFAULT | BASETYPE | HAVE_GC,
        )
        one = made()
        one.anything = one
        dead = []
        reference = weakref.ref(one, dead.append)
        assert one.anything is one and gc.get_referents(one) == [{"anything": one}]
        mod.counts()
        del one
        gc.collect()
        assert reference() is None and dead == [reference] and mod.counts()[0] == 1
        two = made()
        reference = weakref.ref(two, dead.append)
        del two
        assert len(dead) == 2

    def test_a_python_class_between_two_types(self, mod):
        base = node(mod, "node_destroy")

        class Middle(base):
            __slots__ = ("slot",)

        made = make(mod, "derived_destroy", "node_traverse", bases=(Middle,), flags=DEFAULT | BASETYPE | HAVE_GC)
        value = object()
        before = sys.getrefcount(value)
        one = made()
        one.slot = one.field = value
        mod.counts()
        del one
        assert mod.counts()[0] == 1001
        assert sys.getrefcount(value) == before
        one = made()
        one.slot = one
        type_reference = weakref.ref(made)
        del one, made
        gc.collect()
        assert mod.counts()[0] == 1001 and type_reference() is None

    def test_a_python_class_with_a_dict_between_two_types(self, mod):
        base = node(mod, "node_destroy")

        class Middle(base):
            pass

        made = make(mod, "derived_destroy", "node_traverse", bases=(Middle,), flags=DEFAULT | BASETYPE | HAVE_GC)
        one = made()
        one.attribute, one.field = one, [one]
        reference = weakref.ref(one)
        mod.counts()
        del one
        gc.collect()
        assert reference() is None
        assert mod.counts()[0] == 1001

    @pytest.mark.parametrize("shape", [LONG, TUPLE])
    def test_a_python_class_of_variable_size_between_two_types(self, mod, shape):
        base = node(mod, "node_destroy", shape=shape)

        class Middle(base):
            pass

        made = make(mod, "derived_destroy", "node_traverse", shape=shape, bases=(Middle,), flags=DEFAULT | BASETYPE | HAVE_GC)
        value = object()
        before = sys.getrefcount(value)
        for arguments in ((), ((1 << 90) if shape == LONG else (1, 2, 3, 4),)):
            one = made(*arguments)
            one.attribute, one.field = value, value
            mod.counts()
            del one
            assert mod.counts()[0] == 1001
            assert sys.getrefcount(value) == before


class TestFinalizers:
    @pytest.mark.parametrize("flags", [0, HAVE_GC])
    def test_once(self, mod, flags):
        made = make(mod, "node_traverse", "node_finalize", "node_destroy", size="Node", flags=DEFAULT | BASETYPE | flags)
        mod.counts()
        made()
        assert mod.counts() == (1, 0, 1)
        type("Sub", (made,), {})()
        gc.collect()
        assert mod.counts() == (1, 0, 1)

    def test_without_destroy_and_traverse(self, mod):
        made = make(mod, "node_finalize", size="Node")
        mod.counts()
        made()
        assert mod.counts() == (0, 0, 1)

    def test_no_double_call_for_subclasses_without_gc(self, mod):
        made = make(mod, "node_finalize", "node_destroy", size="Node")

        class Sub(made):
            __slots__ = ()

        mod.counts()
        Sub()
        assert mod.counts() == (1, 0, 1)

    def test_resurrection(self, mod):
        made = node(mod, "node_finalize", "node_destroy")
        kept = []
        one = made()
        one.field = kept.append
        mod.counts()
        del one
        assert mod.counts() == (0, 0, 1) and len(kept) == 1
        assert type(kept[0]) is made and kept[0].field is not None
        assert gc.is_tracked(kept[0])
        kept.clear()
        gc.collect()
        assert mod.counts() == (1, 0, 0)

    def test_an_exception_in_flight_survives(self, mod):
        made = node(mod, "node_finalize")
        seen = []

        def fail(one):
            seen.append(one.x)
            raise KeyError("inside")

        def run():
            one = made()
            one.field = fail
            raise ValueError("outside")

        with pytest.raises(ValueError, match="outside"):
            old, sys.unraisablehook = sys.unraisablehook, lambda unraisable: None
            try:
                run()
            finally:
                sys.unraisablehook = old
        gc.collect()
        assert seen == [0]


class TestPlainEnds:
    @frees_modules
    @pytest.mark.parametrize("shape", [OBJECT, LIST])
    def test_the_type_is_given_up(self, mod, shape):
        made = make(mod, "member_x", size="Node", shape=shape)

        class Sub(made):
            pass

        class Slotted(made):
            __slots__ = ()

        derived = make(mod, "member_x", bases=(made,))
        for kind in (made, Sub, Slotted, derived):
            before = sys.getrefcount(kind)
            many = [kind() for _ in range(100)]
            assert sys.getrefcount(kind) == before + 100
            del many
            assert sys.getrefcount(kind) == before

    def test_del_set_from_python(self, mod):
        made = make(mod, "member_x", size="Node")
        one, seen = made(), []
        one.x = 7
        made.__del__ = lambda self: seen.append(self.x)
        del one
        assert seen == [7]
        kept = []
        made.__del__ = lambda self: kept.append(self)
        made()
        assert len(kept) == 1 and kept[0].x == 0

    @frees_modules
    def test_a_base_of_types_with_more(self, mod):
        base = make(mod, "member_x", size="Node")
        for definitions in (("node_destroy",), ("node_finalize",), ("node_destroy", "node_finalize")):
            made = make(mod, *definitions, bases=(base,))
            mod.counts()
            before = sys.getrefcount(made)
            made()
            type("Sub", (made,), {})()
            gc.collect()
            expected = 2 * ("node_destroy" in definitions), 0, 2 * ("node_finalize" in definitions)
            assert mod.counts() == expected and sys.getrefcount(made) == before


class TestDepth:
    def test_a_long_chain(self, mod):
        made = node(mod, "node_destroy")
        head = None
        for _ in range(200_000):
            one = made()
            one.field = head
            head = one
        mod.counts()
        del head, one
        assert mod.counts()[0] == 200_000

    def test_a_long_chain_with_lists_and_subclasses(self, mod):
        made = node(mod, "node_destroy")
        sub = type("Sub", (made,), {})
        other = node(mod, "node_destroy", shape=LIST)
        head = None
        for index in range(100_000):
            one = (made, sub, other)[index % 3]()
            one.field = [head]
            head = one
        mod.counts()
        del head, one
        assert mod.counts()[0] == 100_000

    def test_chains_in_threads(self, mod):
        made = node(mod)

        def build():
            head = None
            for _ in range(30_000):
                one = made()
                one.field = head
                head = one

        threads = [threading.Thread(target=build) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def test_finalizers_in_a_long_chain(self, mod):
        made = node(mod, "node_finalize", "node_destroy")
        kept = []
        head = None
        for index in range(2_000):
            one = made()
            one.field, one.field_ex = kept.append if index == 1_000 else None, head
            head = one
        mod.counts()
        del head, one
        assert mod.counts()[::2] == (999, 2_000) or len(kept) == 1
        assert len(kept) == 1
        mod.counts()
        kept.clear()
        assert mod.counts()[0] == 1_001


class TestMemory:
    def kinds(self, mod):
        class Meta(type):
            pass

        base = node(mod, "node_call", "node_destroy")
        return [
            lambda: make(mod),
            lambda: node(mod, "node_call", "meth_o", "prop", "node_repr", "node_finalize", doc=b"Doc."),
            lambda: node(mod, "node_destroy", "meth_o", shape=LONG),
            lambda: node(mod, shape=TYPE),
            lambda: make(mod, "derived_traverse", "meth_o", size="Derived", bases=(base,)),
            lambda: make(mod, bases=(base, make(mod))),
            lambda: node(mod, "node_call", params=((METACLASS, Meta),), doc=b"Doc."),
        ]

    @frees_modules
    def test_types_are_collected(self, mod):
        for kind in self.kinds(mod):
            made = kind()
            reference = weakref.ref(made)
            del made
            gc.collect()
            assert reference() is None

    @frees_modules
    def test_types_and_instances_give_their_memory_back(self, mod, variant):
        rounds = 120 if variant.mode == "universal" else 60
        for kind in self.kinds(mod):

            def use(count):
                for _ in range(count):
                    made = kind()
                    if not issubclass(made, type):
                        made()
                gc.collect()

            def growth(count):
                blocks = sys.getallocatedblocks()
                use(count)
                return sys.getallocatedblocks() - blocks

            use(20)
            # A leak takes every round up; what caches keep shows in the first ones only.
            assert min(growth(rounds) for _ in range(4)) < rounds / 2

    @frees_modules
    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
    def test_mapped_memory(self, mod, variant):
        count = 20_000 if variant.mode == "universal" else 2_000

        def use(count):
            for index in range(count):
                node(mod, "node_call", "meth_o", "meth_varargs", "prop", "node_repr", doc=b"Doc.")()
                if index % 500 == 0:
                    gc.collect()
            gc.collect()

        use(1_000)
        before = mapped()
        use(count)
        # A type with its thunks and tables has some three kilobytes; Python's allocator takes a megabyte at a time.
        assert mapped() - before < count * 3_000 / 10 + 2_000_000

    def test_failing_specs_leave_nothing(self, mod):
        def fail():
            for definitions in (("member_outside",), ("meth_o", "empty_meth"), ("node_repr", "unknown_slot")):
                with pytest.raises((TypeError, ValueError)):
                    make(mod, *definitions, size="Node")
            with pytest.raises(TypeError):
                make(mod, "meth_o", bases=(int, str))

        fail()
        gc.collect()
        blocks = sys.getallocatedblocks()
        for _ in range(300):
            fail()
        gc.collect()
        assert sys.getallocatedblocks() - blocks < 60

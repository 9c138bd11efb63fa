"""Types from specs: what a spec says is what the type does."""

from __future__ import annotations

import gc
import sys
import weakref

import pytest
from extensions import frees_modules
from typemaker import BASES_TUPLE, BUILTINS, DEFAULT, DICT, FLOAT, HAVE_GC, HAVE_VECTORCALL, LIST, LONG, METACLASS
from typemaker import BASETYPE, OBJECT, TUPLE, TYPE, UNICODE, make, node

EXT = "specs"

VALUES = {
    LONG: [0, 1, -1, 2**30, -(2**30), 2**31, 2**62, -(2**63), 2**200, -(2**1000) + 1],
    FLOAT: [0.0, 1.5, float("inf")],
    UNICODE: ["", "a", "grün", "\U0001f600" * 100],
    TUPLE: [(), (1,), (1, 2), (1, 2, 3), tuple(range(1000))],
    LIST: [[], [1], list(range(1000))],
    DICT: [{}, {"a": 1}, dict.fromkeys(range(1000))],
}


class TestText:
    def test_module_and_names(self, mod):
        made = make(mod, name="a.b.C")
        assert (made.__module__, made.__name__, made.__qualname__) == ("a.b", "C", "C")
        assert mod.get_name(made) == "C"

    def test_a_name_without_a_dot(self, mod):
        with pytest.warns(DeprecationWarning, match="__module__"):
            made = make(mod, name="Plain")
        assert made.__name__ == made.__qualname__ == "Plain"
        assert "Plain" in repr(made)

    def test_a_very_long_name(self, mod):
        made = make(mod, name="m." + "x" * 100_000)
        assert made.__name__ == "x" * 100_000
        with pytest.raises(TypeError, match="xxx"):
            made() + 1

    def test_a_name_outside_of_ascii(self, mod):
        made = make(mod, name="größe.Täßt")
        assert (made.__module__, made.__name__) == ("größe", "Täßt")

    def test_a_name_that_is_not_utf8(self, mod):
        with pytest.raises(UnicodeDecodeError):
            make(mod, name=b"m.\xff\xfe")

    def test_no_name_and_no_spec(self, mod):
        with pytest.raises(SystemError, match="name is NULL"):
            make(mod, name=None)
        with pytest.raises(SystemError, match="spec is NULL"):
            mod.make_from_null()

    def test_doc(self, mod):
        assert make(mod).__doc__ is None
        assert make(mod, doc=b"What it is.").__doc__ == "What it is."
        assert make(mod, doc="Größe".encode()).__doc__ == "Größe"

    def test_doc_with_a_signature(self, mod):
        made = make(mod, doc=b"Made(a, b=1)\n--\n\nWhat it is.")
        assert made.__doc__ == "What it is."
        assert made.__text_signature__ == "(a, b=1)"

    def test_the_names_outlive_the_spec(self, mod):
        made = make(mod, name="gone." + "y" * 50)
        junk = ["gone." + "z" * 50 for _ in range(1000)]
        assert made.__name__ == "y" * 50 and len(junk) == 1000
        assert "y" * 50 in repr(made())


class TestMethods:
    def test_all_signatures(self, mod):
        made = make(mod, "meth_noargs", "meth_o", "meth_varargs", "meth_keywords")
        one = made()
        assert one.noargs() is one
        assert one.o(7) == (one, 7)
        assert one.varargs(1, 2, 3) == ("varargs", one, (1, 2, 3), None, ())
        assert one.keywords(1, b=2, c=3) == ("keywords", one, (1,), ("b", "c"), (2, 3))
        assert made.o(one, 8) == (one, 8)
        for wrong in (lambda: one.noargs(1), lambda: one.o(), lambda: one.varargs(a=1), lambda: made.o(1, 2)):
            with pytest.raises(TypeError):
                wrong()

    def test_docs(self, mod):
        made = make(mod, "meth_noargs", "meth_o")
        assert made.noargs.__doc__ == "Returns self."
        assert made.noargs.__text_signature__ == "($self)"
        assert made.o.__doc__ is None

    def test_a_bound_method_keeps_the_object(self, mod):
        bound = make(mod, "meth_o")().o
        gc.collect()
        assert bound(3)[1] == 3


class TestMembers:
    def test_fields(self, mod):
        one = node(mod)()
        assert one.field is None
        value = object()
        before = sys.getrefcount(value)
        one.field = value
        assert one.field is value
        assert sys.getrefcount(value) == before + 1
        del one.field
        assert one.field is None and sys.getrefcount(value) == before
        one.field = value
        del one
        assert sys.getrefcount(value) == before

    def test_fields_that_must_have_a_value(self, mod):
        one = node(mod)()
        with pytest.raises(AttributeError, match="field_ex"):
            one.field_ex
        with pytest.raises(AttributeError):
            del one.field_ex
        one.field_ex = 5
        assert one.field_ex == 5
        del one.field_ex
        with pytest.raises(AttributeError):
            one.field_ex

    def test_readonly(self, mod):
        one = node(mod, "member_field_ro", "member_x_ro")()
        one.field, one.x = "value", 3
        assert (one.field_ro, one.x_ro) == ("value", 3)
        for attribute in ("field_ro", "x_ro"):
            with pytest.raises(AttributeError):
                setattr(one, attribute, 1)
            with pytest.raises(AttributeError):
                delattr(one, attribute)

    def test_fields_without_traverse_are_given_up_with_the_object(self, mod):
        one = make(mod, "member_field", size="Node")()
        value = object()
        before = sys.getrefcount(value)
        one.field = value
        del one
        assert sys.getrefcount(value) == before

    @pytest.mark.parametrize("shape", [OBJECT, *VALUES])
    def test_every_shape(self, mod, shape):
        definitions = ("member_real", "member_text", "member_string", "member_byte", "member_flag", "member_none")
        made = node(mod, *definitions, "meth_fill", shape=shape)
        for value in VALUES.get(shape, [None]):
            one = made() if value is None else made(value)
            one.fill()
            assert (one.string, one.text, one.none) == ("hello", "inplace", None)
            one.real_, one.byte, one.flag, one.x, one.field = 2.5, -3, True, 99, "f"
            assert (one.real_, one.byte, one.flag, one.x, one.field) == (2.5, -3, True, 99, "f")
            with pytest.raises(TypeError):
                one.flag = 1
            with pytest.raises(TypeError):
                one.x = "x"
            with pytest.raises(TypeError):
                del one.x
            with pytest.raises(AttributeError):
                one.field_ex
            if value is not None:
                assert one == value

    def test_properties(self, mod):
        made = make(mod, "prop", size="Node")
        one = made()
        one.prop = 2000
        assert one.prop == 2000 and made.prop.__doc__ == "A property."
        with pytest.raises(AttributeError, match="prop stays"):
            del one.prop
        with pytest.raises(TypeError):
            one.prop = "no int"


class TestShapes:
    @pytest.mark.parametrize("shape", [*VALUES])
    def test_values_keep_their_meaning(self, mod, shape):
        made = node(mod, shape=shape)
        builtin = BUILTINS[shape]
        for value in VALUES[shape]:
            one = made(value)
            assert isinstance(one, builtin) and type(one) is made
            one.x, one.field, one.field_ex = -1, [1], [2]
            gc.collect()
            assert one == value and repr(one) == repr(value)
            assert builtin(one) == value
            assert (one.x, one.field, one.field_ex) == (-1, [1], [2])
            if shape in (LIST, DICT, TUPLE):
                assert list(one) == list(value)
        if shape in (LONG, FLOAT):
            assert made(3) + 4 == 7 and made(3) * made(2) == 6

    def test_growing_containers(self, mod):
        items = node(mod, shape=LIST)([1, 2])
        items.x = 5
        items.extend(range(10_000))
        assert items.x == 5 and len(items) == 10_002
        table = node(mod, shape=DICT)(a=1)
        table.x = 6
        table.update(dict.fromkeys(range(10_000)))
        assert table.x == 6 and len(table) == 10_001

    @pytest.mark.parametrize("shape", [*VALUES])
    def test_what_a_container_holds_is_given_up(self, mod, shape):
        made = node(mod, shape=shape)
        value = object()
        before = sys.getrefcount(value)
        arguments = {LIST: ([value],), TUPLE: ((value,),), DICT: ({1: value},)}.get(shape, ())
        one = made(*arguments)
        one.field = value
        assert sys.getrefcount(value) == before + 1 + 2 * len(arguments)
        del one, arguments
        assert sys.getrefcount(value) == before

    @pytest.mark.parametrize("shape", [OBJECT, *VALUES])
    def test_new_zeroes_and_aligns_the_struct(self, mod, shape):
        made = node(mod, shape=shape)
        junk = [bytearray(b"\xff" * 200) for _ in range(50)]
        del junk
        for _ in range(50):
            one, good = mod.new(made, mod.sizes()[0])
            assert good and type(one) is made
            if shape != OBJECT:
                assert one == BUILTINS[shape]()

    @pytest.mark.parametrize("shape", [OBJECT, *VALUES])
    def test_new_of_a_subclass(self, mod, shape):
        class Sub(node(mod, shape=shape)):
            pass

        one, good = mod.new(Sub, mod.sizes()[0])
        assert good and type(one) is Sub
        one.anything, one.x, one.field = [1], 3, [2]
        gc.collect()
        assert (one.anything, one.x, one.field) == ([1], 3, [2])

    @pytest.mark.parametrize("shape", [LONG, TUPLE])
    def test_attributes_of_subclasses_of_variable_size(self, mod, shape):
        class Sub(node(mod, shape=shape)):
            pass

        for value in VALUES[shape]:
            one = Sub(value)
            one.anything, one.x, one.field, one.field_ex = "any", 123, "field", "ex"
            assert one.__dict__ == {"anything": "any"}
            assert (one, one.x, one.field, one.field_ex) == (value, 123, "field", "ex")

    def test_shape_of(self, mod):
        for shape in (OBJECT, TYPE, *VALUES):
            made = node(mod, shape=shape)
            assert mod.shape(made) == shape

            class Sub(made):
                pass

            assert mod.shape(Sub) == shape
        assert mod.shape(int) == mod.shape(object) == -1

    def test_new_of_what_cannot_be_made(self, mod):
        with pytest.raises(TypeError, match="HPy_New.*'int'"):
            mod.new(7, 0)
        with pytest.raises(TypeError, match="metaclass"):
            mod.new(node(mod, shape=TYPE), 0)
        with pytest.raises(TypeError, match="HPyType_GenericNew.*'str'"):
            mod.generic_new_of("no type")
        assert mod.generic_new_of(list) == []

    def test_new_of_types_that_hpy_did_not_make(self, mod):
        class Python:
            pass

        assert type(mod.new(Python, 0)[0]) is Python
        assert mod.new(dict, 0)[0] == {}
        error, _ = mod.new(ValueError, 0)
        assert repr(error) == "ValueError()"


class TestInit:
    def test_new_and_init(self, mod):
        made = node(mod, "node_new", "node_init")
        assert made().x == 10
        assert made(1, 2).x == 12 and made(1, 2).field == 1
        assert made(x=5).x == 5
        with pytest.raises(KeyError):
            made(y=5)

    def test_generic_new_takes_anything(self, mod):
        made = node(mod, "generic_new", "node_init")
        assert made("f", x=4).x == 4

    def test_init_alone(self, mod):
        made = node(mod, "node_init")
        one = made("f", x=4)
        assert (one.field, one.x) == ("f", 4)

    def test_new_is_inherited(self, mod):
        class Sub(node(mod, "node_new")):
            def __init__(self, *args):
                self.args = args

        one = Sub(1, 2, 3)
        assert (one.x, one.args) == (13, (1, 2, 3))

    def test_new_called_by_python(self, mod):
        class Sub(node(mod, "node_new")):
            def __new__(cls, value):
                made = super().__new__(cls)
                made.value = value
                return made

        assert (Sub(3).value, Sub(3).x) == (3, 10)


class TestInheritance:
    def test_from_a_type_with_a_struct(self, mod):
        base = node(mod, "node_destroy")
        made = make(
            mod,
            "derived_traverse",
            "derived_destroy",
            "member_y",
            "member_more",
            "meth_fill_derived",
            size="Derived",
            flags=DEFAULT | BASETYPE | HAVE_GC,
            bases=(base,),
        )
        one = made()
        one.field, one.field_ex, one.x = "f", "e", 5
        value = object()
        before = sys.getrefcount(value)
        one.fill_derived(value)
        assert (one.field, one.field_ex, one.x, one.y, one.more) == ("f", "e", 5, 77, value)
        assert set(map(id, gc.get_referents(one))) >= {id(value)}
        mod.counts()
        del one
        assert mod.counts() == (1001, 82, 0)
        assert sys.getrefcount(value) == before

    def test_each_destroy_runs_once_under_python_subclasses(self, mod):
        base = node(mod, "node_destroy")

        class Middle(base):
            pass

        class Sub(Middle):
            def __init__(self):
                self.attribute = self

        mod.counts()
        Middle()
        assert mod.counts()[0] == 1
        Sub()
        gc.collect()
        assert mod.counts()[0] == 1

    def test_without_a_struct_of_its_own(self, mod):
        made = make(mod, "meth_o", "member_x_ro", bases=(node(mod),))
        one = made()
        one.x = 3
        assert one.x_ro == 3 and one.o(1) == (one, 1) and mod.shape(made) == OBJECT

    def test_several_bases(self, mod):
        first, second = node(mod, "meth_o"), make(mod, "meth_varargs")
        for bases in ((first, second), (second, first)):
            made = make(mod, "node_repr", bases=bases)
            assert made.__bases__ == bases and made.__base__ is first
            one = made()
            one.x = 1
            assert one.o(1)[1] == 1 and one.varargs()[0] == "varargs" and repr(one) == "<node>"

    def test_a_tuple_of_bases(self, mod):
        made = node(mod, shape=DICT, params=((BASES_TUPLE, (dict,)),))
        assert made(a=1) == {"a": 1}

    def test_bases_with_conflicting_layouts(self, mod):
        with pytest.raises(TypeError, match="lay-?out conflict"):
            make(mod, bases=(int, str))

    def test_a_python_class_beside_a_base(self, mod):
        class Mixin:
            def hello(self):
                return "hello"

        base = node(mod)
        one = make(mod, bases=(base, Mixin))()
        one.x = 4
        assert one.hello() == "hello" and one.x == 4
        one.x, one.field = -1, "value"
        with pytest.raises(AttributeError):
            one.other = 1
        with pytest.raises(AttributeError):
            one.__dict__
        gc.collect()
        assert (one.x, one.field) == (-1, "value")

        class Sub(type(one)):
            pass

        sub = Sub()
        sub.other, sub.x = 1, 2
        assert (sub.other, sub.x, sub.hello()) == (1, 2, "hello")

    def test_a_python_class_as_base(self, mod):
        class Python:
            __slots__ = ("slot", "__dict__", "__weakref__")

            def __init__(self):
                self.slot = "in a slot"
                self.attribute = "in the dict"

        made = make(mod, "node_repr", bases=(Python,))
        one = made()
        assert (one.slot, one.attribute, repr(one)) == ("in a slot", "in the dict", "<node>")
        reference = weakref.ref(one)
        one.me = one
        del one
        gc.collect()
        assert reference() is None

    def test_exceptions(self, mod):
        made = make(mod, "meth_o", bases=(ValueError,))
        with pytest.raises(made, match="what"):
            raise made("what")

    def test_final(self, mod):
        made = make(mod, flags=DEFAULT)
        with pytest.raises(TypeError, match="not an acceptable base type"):
            type("Sub", (made,), {})
        with pytest.raises(TypeError, match="not an acceptable base type"):
            make(mod, bases=(made,))

    def test_is_subtype(self, mod, variant):
        made = node(mod)
        assert mod.HPyType_IsSubtype(bool, int) == 1
        assert mod.HPyType_IsSubtype(made, object) == 1
        assert mod.HPyType_IsSubtype(object, made) == 0
        if variant.mode == "debug":
            return  # ends the process, so that the mistake cannot be missed
        with pytest.raises(TypeError, match="HPyType_IsSubtype"):
            mod.HPyType_IsSubtype(1, int)
        with pytest.raises(TypeError, match="HPyType_GetName"):
            mod.get_name("text")


class TestMetaclasses:
    def test_a_metaclass_with_a_struct(self, mod):
        meta = node(mod, "meth_o", shape=TYPE, flags=DEFAULT | BASETYPE, name="maker.Meta")
        made = node(mod, "meth_noargs", "member_real", params=((METACLASS, meta),), doc=b"Doc.", name="maker.Made")
        assert type(made) is meta and made.x == 0
        made.x, made.field = 42, "of the type"
        assert (made.x, made.field, made.o(1)) == (42, "of the type", (made, 1))
        assert (made.__name__, made.__module__, made.__qualname__, made.__doc__) == ("Made", "maker", "Made", "Doc.")
        assert made.__mro__ == (made, object) and "x" not in dir(made()) or made().x == 0
        one = made()
        one.real_ = 1.5
        assert one.noargs() is one and one.real_ == 1.5
        assert "__repr__" not in vars(made)

        class Sub(made):
            pass

        assert type(Sub) is meta and Sub.x == 0
        Sub.x = 7
        assert (Sub.x, made.x) == (7, 42)

    def test_a_metaclass_used_by_python(self, mod):
        meta = node(mod, shape=TYPE, flags=DEFAULT | BASETYPE)

        class Class(metaclass=meta):
            __slots__ = ("a", "b")

        Class.field, Class.x = ["kept"], 3
        one = Class()
        one.a, one.b = 1, 2
        gc.collect()
        assert (Class.field, Class.x, one.a, one.b) == (["kept"], 3, 1, 2)

    def test_metaclass_of_the_bases(self, mod):
        class Meta(type):
            pass

        class Base(metaclass=Meta):
            pass

        assert type(make(mod, bases=(Base,))) is Meta
        assert type(make(mod, bases=(Base,), params=((METACLASS, type),))) is Meta

        class Other(type):
            pass

        with pytest.raises(TypeError, match="metaclass conflict"):
            make(mod, bases=(Base,), params=((METACLASS, Other),))

    def test_callable_types_of_a_metaclass(self, mod):
        class Meta(type):
            pass

        made = node(mod, "node_call", params=((METACLASS, Meta),))
        one = made()
        assert type(made) is Meta and one(1)[:3] == ("node", one, (1,))

    @frees_modules
    def test_types_of_metaclasses_are_collected(self, mod):
        class Meta(type):
            pass

        made = node(mod, "node_call", params=((METACLASS, Meta),), doc=b"Doc.")
        made.itself = made()
        reference = weakref.ref(made)
        del made
        gc.collect()
        assert reference() is None

    def test_what_cannot_be_a_metaclass(self, mod):
        class CustomNew(type):
            def __new__(cls, *args):
                raise AssertionError

        for meta in (CustomNew,):
            with pytest.raises(TypeError, match="custom tp_new.*CustomNew"):
                make(mod, params=((METACLASS, meta),))
        for meta in (int, "text", object):
            with pytest.raises(TypeError, match="not a subclass of 'type'"):
                make(mod, params=((METACLASS, meta),))
        with pytest.raises(ValueError, match="specified multiple times"):
            make(mod, params=((METACLASS, type), (METACLASS, type)))


class TestCalls:
    def check(self, one, what="node"):
        assert one() == (what, one, (), None, ())
        assert one(1, 2) == (what, one, (1, 2), None, ())
        assert one(1, b=2) == (what, one, (1,), ("b",), (2,))
        assert one(*(1, 2), **{"c": 3}) == (what, one, (1, 2), ("c",), (3,))
        assert type(one).__call__(one, 1, d=4) == (what, one, (1,), ("d",), (4,))
        assert list(map(one, [1])) == [(what, one, (1,), None, ())]

    @pytest.mark.parametrize("shape", [OBJECT, *VALUES])
    def test_every_shape(self, mod, shape):
        made = node(mod, "node_call", shape=shape)
        self.check(made())
        self.check(type("Sub", (made,), {})())

    def test_without_a_struct(self, mod):
        self.check(make(mod, "node_call")())

    def test_with_init_only(self, mod):
        made = node(mod, "node_call", "node_init")
        self.check(made("f", x=1))

    def test_an_own_call_function(self, mod):
        made = node(mod, "node_call")
        one, other = made(), made()
        assert mod.set_call_function(one) == 0
        self.check(one, "own")
        self.check(other)
        sub = type("Sub", (made,), {})()
        mod.set_call_function(sub)
        self.check(sub, "own")

    def test_many_own_call_functions(self, mod):
        made = node(mod, "node_call")
        for _ in range(10_000):
            one = made()
            mod.set_call_function(one)
        self.check(one, "own")

    def test_inherited(self, mod):
        base = node(mod, "node_call")
        flags = DEFAULT | BASETYPE | HAVE_GC
        plain = make(mod, "meth_o", bases=(base,))
        self.check(plain())
        derived = make(
            mod, "derived_traverse", "member_y", "member_more", "meth_fill_derived", size="Derived", flags=flags, bases=(base,)
        )
        one = derived()
        one.fill_derived("v")
        self.check(one)
        mod.set_call_function(one)
        one.fill_derived("w")
        self.check(one, "own")
        assert (one.y, one.more) == (77, "w")
        overridden = make(
            mod, "derived_call", "derived_traverse", "meth_fill_derived", size="Derived", flags=flags, bases=(base,)
        )
        one = overridden()
        one.fill_derived("v")
        self.check(one, "derived")
        self.check(make(mod, "derived_call", bases=(base,))(), "derived")

    def test_a_place_of_the_authors(self, mod):
        made = make(mod, "member_offset", "callable_new", size="Callable", flags=DEFAULT | HAVE_VECTORCALL | BASETYPE)
        self.check(made(), "own")
        one = made("without")
        with pytest.raises(TypeError):
            one()
        mod.set_call_function(one)
        self.check(one, "own")

    def test_a_call_method_in_python_comes_first(self, mod):
        class Sub(node(mod, "node_call")):
            def __call__(self, *args):
                return "python", args, super().__call__(*args)[0]

        assert Sub()(1) == ("python", (1,), "node")

    def test_objects_without_call_functions(self, mod):
        for one in (object(), make(mod)(), node(mod, "node_call", shape=LONG)(3)):
            with pytest.raises(TypeError, match="HPy_SetCallFunction"):
                mod.set_call_function(one)
        with pytest.raises(ValueError, match="NULL"):
            mod.set_call_function_to_null(node(mod, "node_call")())

    def test_not_callable(self, mod):
        with pytest.raises(TypeError, match="not callable"):
            node(mod)()()

    def test_constructor_arguments_with_a_call_slot(self, mod):
        with pytest.raises(TypeError):
            node(mod, "node_call")(1)


def test_descriptors(mod):
    descriptor = make(mod, "node_descr_get")()

    class Owner:
        attribute = descriptor

    owner = Owner()
    assert owner.attribute == (descriptor, owner, Owner)
    assert Owner.attribute == (descriptor, None, Owner)

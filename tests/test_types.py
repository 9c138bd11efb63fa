"""Types made from specs: members, properties, structs behind built-in shapes, bases, calls, rules."""

import gc
import math
import struct
import sys
import sysconfig
import weakref

import pytest
from rust_extension import needs_hpy_rs

EXT = "types_"
#: There counts of references are not the whole truth.
NO_GIL = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

SIZES = {  # name -> bits, signed
    "a_short": (16, True),
    "an_int": (32, True),
    "a_byte": (8, True),
    "a_ubyte": (8, False),
    "a_ushort": (16, False),
    "a_uint": (32, False),
    "a_longlong": (64, True),
    "a_ulonglong": (64, False),
    "a_ssize": (64, True),
}


@pytest.mark.parametrize("name", SIZES)
def test_integer_members(mod, name):
    bits, signed = SIZES[name]
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    m = mod.Members()
    assert getattr(m, name) == 0
    for value in (low, high, 1):
        setattr(m, name, value)
        assert getattr(m, name) == value
        assert getattr(m, "const_" + name) == value
    if bits == 64:
        with pytest.raises(OverflowError):
            setattr(m, name, 2**70)
    with pytest.raises(TypeError):
        setattr(m, name, "text")
    with pytest.raises(TypeError):
        delattr(m, name)
    with pytest.raises(AttributeError, match="readonly"):
        setattr(m, "const_" + name, 1)


def test_number_members(mod):
    m = mod.Members()
    m.a_long, m.a_ulong = -5, 6
    assert (m.a_long, m.a_ulong) == (-5, 6)
    m.a_double = 0.1
    assert m.a_double == 0.1
    m.a_float = 0.1
    assert m.a_float != 0.1 and math.isclose(m.a_float, 0.1, rel_tol=1e-6)
    with pytest.raises(TypeError):
        m.a_double = "text"
    m.a_bool = True
    assert m.a_bool is True
    m.a_bool = False
    assert m.a_bool is False
    with pytest.raises(TypeError, match="must be bool"):
        m.a_bool = 1
    with pytest.raises(TypeError):
        del m.a_bool


def test_text_members(mod):
    m = mod.Members()
    assert (m.a_string, m.in_place, m.a_char) == ("größe", "in place", "c")
    m.a_char = "d"
    assert m.a_char == "d"
    for wrong in ("long", "", 5):
        with pytest.raises(TypeError):
            m.a_char = wrong
    for name in ("a_string", "in_place"):
        with pytest.raises((TypeError, AttributeError), match="readonly"):
            setattr(m, name, "x")
    m.clear_string()
    assert m.a_string is None
    assert m.nothing is None


def test_object_members(mod):
    m = mod.Members()
    assert m.object is None
    with pytest.raises(AttributeError, match="object_ex"):
        m.object_ex
    value = object()
    before = sys.getrefcount(value)
    m.object = m.object_ex = value
    assert m.object is value and m.const_object_ex is value
    assert sys.getrefcount(value) == before + 2
    with pytest.raises(AttributeError, match="readonly"):
        m.const_object = 1
    del m.object, m.object_ex
    assert sys.getrefcount(value) == before
    assert m.object is None
    with pytest.raises(AttributeError):
        del m.object_ex
    m.object = value
    del m
    gc.collect()
    assert sys.getrefcount(value) == before


def test_object_members_in_a_cycle(mod):
    class Node:
        pass

    m = mod.Members()
    m.object = node = Node()
    node.back = m
    gone = weakref.ref(node)
    del m, node
    gc.collect()
    assert gone() is None


def test_member_documentation(mod):
    assert mod.Members.an_int.__doc__ == "a INT"
    assert mod.Members.const_an_int.__doc__ is None
    assert mod.Members.twice.__doc__ == "twice an_int"


def test_properties(mod):
    m = mod.Members()
    m.twice = 8
    assert (m.an_int, m.twice) == (4, 8)
    with pytest.raises(TypeError):
        m.twice = "text"
    with pytest.raises(TypeError, match="cannot be deleted"):
        del m.twice
    assert m.shown == "shown"
    with pytest.raises(AttributeError):
        m.shown = 5
    m.hidden = None
    assert m.an_int == 77
    with pytest.raises(AttributeError):
        m.hidden


SHAPES = {
    "OnObject": (0, object, ()),
    "OnLong": (2, int, (2**100,)),
    "OnFloat": (3, float, (1.5,)),
    "OnUnicode": (4, str, ("some text é",)),
    "OnTuple": (5, tuple, ((1, 2, 3),)),
    "OnList": (6, list, ([1, 2, 3],)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_structs_behind_shapes(mod, name):
    _, base, args = SHAPES[name]
    cls = getattr(mod, name)
    assert cls.__bases__ == (base,)
    made = [cls(*args) for _ in range(20)]
    for number, instance in enumerate(made, 1):
        assert instance.count_ == 0
        for step in range(1, number):
            assert instance.bump() == step
        instance.count_ = 99
        assert instance.bump() == 100
        if args:
            assert instance == base(*args)
            assert hash(base) is not None and repr(instance) == repr(base(*args))

    class Sub(cls):
        pass

    sub = Sub(*args)
    sub.extra = [sub]
    assert sub.bump() == 1 and sub.extra == [sub]
    if name == "OnList":
        sub.extend(range(1000))
        assert sub.bump() == 2 and len(sub) == 1003


def test_struct_behind_a_type(mod):
    """A metaclass with a struct: each class has its own."""
    Meta = mod.OnType
    assert Meta.__bases__ == (type,)
    A = Meta("A", (), {"x": 1})
    B = Meta("B", (A,), {})
    assert (A.bump(), A.bump(), B.bump()) == (1, 2, 1)
    assert (A.count_, B.count_) == (2, 1)
    assert isinstance(A, type) and A().x == 1 and B().x == 1


@pytest.mark.abis("universal", "hybrid")
def test_shape_of_types(mod):
    for name, (shape, _, _) in SHAPES.items():
        assert mod.shape(getattr(mod, name)) == shape
        assert mod.shape(type("Sub", (getattr(mod, name),), {})) == shape
    assert mod.shape(mod.OnType) == 1


def test_inheritance(mod):
    base = mod.Base()
    assert base.value == 10
    Derived = mod.derive(mod.Base)
    d = Derived()
    assert (d.value, d.more) == (10, 0)
    d.more = 5
    d.value = 6
    assert (d.value, d.more) == (6, 5)
    assert Derived.__mro__ == (Derived, mod.Base, object)

    class Sub(Derived):
        def __init__(self):
            super().__init__()
            self.more += 1

    assert (Sub().value, Sub().more) == (10, 1)


def test_bases(mod):
    class A:
        pass

    class B:
        pass

    assert mod.plain().__bases__ == (object,)
    assert mod.derive_from_tuple((A, B)).__bases__ == (A, B)
    assert mod.derive_from_two(A, B).__bases__ == (A, B)
    assert mod.plain()() is not None
    assert isinstance(mod.derive_from_two(A, B)(), B)
    for wrong in ([A], A, (A, 5)):
        with pytest.raises(TypeError):
            mod.derive_from_tuple(wrong)
    with pytest.raises(TypeError):
        mod.derive_from_two(A, 5)
    with pytest.raises(TypeError, match="not an acceptable base type"):
        mod.derive_from_two(A, bool)


def test_metaclass(mod):
    class Meta(type):
        pass

    made = mod.derive_with_metaclass(object, Meta)
    assert type(made) is Meta and isinstance(made(), made)
    for wrong in (int, 5):
        with pytest.raises(TypeError):
            mod.derive_with_metaclass(object, wrong)


def test_calls(mod):
    assert mod.Callable()() == 0
    assert mod.Callable()(1, 2) == 2
    other = mod.Callable("own")
    assert other() == (5, ())
    assert other(1, "x") == (5, (1, "x"))
    # One instance's call function is its own.
    assert mod.Callable()(1, 2) == 2
    changed = mod.Callable()
    assert mod.set_call_function(changed) == 0
    assert changed(7) == (5, (7,))

    class Sub(mod.Callable):
        pass

    assert Sub()(1) == 1
    assert Sub("own")(1) == (5, (1,))

    class Overrides(mod.Callable):
        def __call__(self):
            return "python"

    assert Overrides()() == "python"
    for wrong in (5, object(), len):
        with pytest.raises(TypeError):
            mod.set_call_function(wrong)


def test_calls_of_a_type_run_its_new(mod):
    """However the arguments come, and whatever it makes of them."""
    Told = mod.told()
    one, two = object(), object()
    assert Told() == (Told, None, None)
    for made in (Told(one, two), Told(one, n=two), Told(n=two, first=one), Told(*[one], **{"n": two}), type.__call__(Told, one, n=two)):
        assert made == (Told, one, two)
    assert list(map(Told, [one])) == [(Told, one, None)]
    given = {"first": one}
    assert Told(**given) == (Told, one, None) and given == {"first": one}
    with pytest.raises(TypeError):
        Told(1, first=2)
    with pytest.raises(TypeError):
        Told(other=1)
    with pytest.raises(TypeError):
        Told(**{3: 4})
    with pytest.raises(TypeError):
        Told(1, 2, 3)
    with pytest.raises(KeyError, match="this"):
        Told("this")

    class Sub(Told):
        def __new__(cls, *args):
            return ["sub", super().__new__(cls, *args)]

    assert Sub(one) == ["sub", (Sub, one, None)]
    assert type(Told("self")) is Told

    class Plain(Told):
        pass

    assert Plain(n=two) == (Plain, None, two)
    made = Plain("self")
    made.later = one
    assert type(made) is Plain and made.later is one
    before = [sys.getrefcount(one), sys.getrefcount(Told)] if hasattr(sys, "getrefcount") else None
    for _ in range(50):
        Told(one, n=one)
        type(Told("self"))
    if before and not NO_GIL:
        assert [sys.getrefcount(one), sys.getrefcount(Told)] == before


@needs_hpy_rs
def test_instances_end_where_a_pointer_may_lie(mod):
    """Subclasses in Python have pointers behind the struct, whatever its size."""
    size = struct.calcsize("P")
    assert mod.told().__basicsize__ == (object.__basicsize__ + 15) // 16 * 16 + size
    assert all(kind.__basicsize__ % size == 0 for kind in vars(mod).values() if isinstance(kind, type))


def test_a_replaced_new_or_init_is_what_runs(mod):
    Told, seen = mod.told(), []
    Told.__init__ = lambda self, *args, **kwargs: seen.append((args, kwargs))
    assert type(Told("self", n=3)) is Told and seen == [(("self",), {"n": 3})]
    # What is no instance is not initialised.
    assert Told(1) == (Told, 1, None) and len(seen) == 1
    del Told.__init__
    assert type(Told("self", n=3)) is Told and len(seen) == 1
    Told.__new__ = staticmethod(lambda cls, *args, **kwargs: (cls, args, kwargs, "python"))
    assert Told(1, n=2) == (Told, (1,), {"n": 2}, "python")
    assert mod.told()(1)[1:] == (1, None)


def test_a_new_that_says_nothing(mod, variant):
    if "debug" in variant.name or hasattr(sys, "gettotalrefcount"):
        pytest.skip("debug mode reports this by itself, a debug build of Python ends the process")
    with pytest.raises(SystemError):
        mod.told()("nothing")


def test_names_and_subtypes(mod):
    assert mod.HPyType_GetName(int) == "int"
    assert mod.HPyType_GetName(mod.Base) == "Base"
    Größe = type("Größe", (), {})
    assert mod.HPyType_GetName(Größe) == "Größe"
    assert mod.HPyType_IsSubtype(bool, int) == 1
    assert mod.HPyType_IsSubtype(int, bool) == 0
    assert mod.HPyType_IsSubtype(int, int) == 1


RULES = [
    "negative basicsize",
    "unknown shape",
    "garbage collection without traverse",
    "member outside of the struct",
    "unknown type of member",
    "unknown kind of definition",
    "unknown slot",
    "slot without implementation",
    "method without a name",
    "signature that is none of a method",
    "slot twice",
    "member without a struct",
    "vectorcall without a call",
    "no name",
]


@pytest.mark.parametrize("rule", RULES)
def test_broken_rules(mod, variant, rule):
    if variant.abi == "cpython" and rule == "unknown shape":
        pytest.skip("the cpython ABI takes the struct's size alone")
    with pytest.raises((TypeError, ValueError, SystemError)) as raised:
        mod.bad_spec(RULES.index(rule))
    if rule != "no name":
        assert "types.Bad" in str(raised.value)


def test_types_are_collected(mod):
    gone = []
    for _ in range(50):
        made = mod.plain()
        gone.append(weakref.ref(made))
        made.itself = made
        del made
    gc.collect()
    assert [ref() for ref in gone] == [None] * 50

"""Every slot of a type, called from Python as the operator it stands for."""

import operator

import pytest

EXT = "slots"


@pytest.fixture
def mod(mod, variant):  # named here too: older versions of pytest look no further for what to parametrize
    """The module, with the list it writes to emptied and its own: another mode may have loaded the binary since."""
    mod.use_log(mod.log)
    mod.log.clear()
    return mod


OPERATORS = {
    "add": operator.add,
    "and": operator.and_,
    "divmod": divmod,
    "floor_divide": operator.floordiv,
    "lshift": operator.lshift,
    "multiply": operator.mul,
    "or": operator.or_,
    "remainder": operator.mod,
    "rshift": operator.rshift,
    "subtract": operator.sub,
    "true_divide": operator.truediv,
    "xor": operator.xor,
    "matrix_multiply": operator.matmul,
}
INPLACE = {
    "add": operator.iadd,
    "and": operator.iand,
    "floor_divide": operator.ifloordiv,
    "lshift": operator.ilshift,
    "multiply": operator.imul,
    "or": operator.ior,
    "remainder": operator.imod,
    "rshift": operator.irshift,
    "subtract": operator.isub,
    "true_divide": operator.itruediv,
    "xor": operator.ixor,
    "matrix_multiply": operator.imatmul,
}


def test_unary(mod):
    n = mod.Number()
    assert -n == ("nb_negative", n)
    assert +n == ("nb_positive", n)
    assert abs(n) == ("nb_absolute", n)
    assert ~n == ("nb_invert", n)


@pytest.mark.parametrize("name", OPERATORS)
def test_binary(mod, name):
    n, function = mod.Number(), OPERATORS[name]
    assert function(n, 5) == ("nb_" + name, n, 5)
    # The slot is the reflected operator's too.
    assert function(5, n) == ("nb_" + name, 5, n)


@pytest.mark.parametrize("name", INPLACE)
def test_in_place(mod, name):
    n = mod.Number()
    assert INPLACE[name](n, 5) == ("nb_inplace_" + name, n, 5)


def test_power(mod):
    n = mod.Number()
    assert n**2 == ("nb_power", n, 2, None)
    assert 2**n == ("nb_power", 2, n, None)
    assert pow(n, 2, 3) == ("nb_power", n, 2, 3)
    given = n
    given **= 4
    assert given == ("nb_inplace_power", n, 4, None)


def test_conversions(mod):
    n = mod.Number()
    assert (operator.index(n), int(n), float(n)) == (21, 22, 2.5)
    mod.log.clear()
    assert not n
    assert mod.log == [("nb_bool", n)]
    mod.log.clear()


def test_sequence(mod):
    s = mod.Sequence()
    assert s + 3 == ("sq_concat", s, 3)
    assert s * 3 == ("sq_repeat", s, 3)
    assert 3 * s == ("sq_repeat", s, 3)
    given = s
    given += [1]
    assert given == ("sq_inplace_concat", s, [1])
    given = s
    given *= 9
    assert given == ("sq_inplace_repeat", s, 9)
    assert len(s) == 5
    assert s[2] == ("sq_item", s, 2)
    # Negative indices arrive with the length added.
    assert s[-1] == ("sq_item", s, 4)
    with pytest.raises(IndexError, match="beyond five"):
        s[5]
    assert [index for _, _, index in s] == [0, 1, 2, 3, 4]
    assert "text" in s
    assert 5 not in s
    with pytest.raises(TypeError):
        None in s
    mod.log.clear()
    s[1] = "v"
    s[-2] = "w"
    del s[0]
    assert mod.log == [("sq_ass_item", 1, "v"), ("sq_ass_item", 3, "w"), ("sq_del_item", 0)]
    mod.log.clear()


def test_mapping(mod):
    o = mod.Object()
    assert len(o) == 7
    assert o["k"] == ("mp_subscript", o, "k")
    assert o[1:2] == ("mp_subscript", o, slice(1, 2))
    mod.log.clear()
    o["k"] = 5
    del o["k"]
    assert mod.log == [("mp_ass_subscript", "k", 5), ("mp_del_subscript", "k")]
    mod.log.clear()


def test_text_and_hash(mod):
    o = mod.Object()
    assert (repr(o), str(o), hash(o)) == ("the repr", "the str", 1234)
    assert f"{o}" == "the str"
    del o
    mod.log.clear()


def test_comparison(mod):
    o = mod.Object()
    assert (o < 1, o <= 2, o == 3, o != 4, o > 5) == (
        ("lt", o, 1),
        ("le", o, 2),
        ("eq", o, 3),
        ("ne", o, 4),
        ("gt", o, 5),
    )
    with pytest.raises(TypeError, match="'>=' not supported"):
        o >= 6
    del o
    mod.log.clear()


def test_call(mod):
    o = mod.Object()
    assert o() == ("tp_call", ())
    assert o(1, 2) == ("tp_call", (1, 2))
    assert o(1, a=2, b=3) == ("tp_call", (1, 2, 3), ("a", "b"))
    assert o(*range(20), **{"z": 1}) == ("tp_call", (*range(20), 1), ("z",))
    assert o.__call__(5) == ("tp_call", (5,))
    del o
    mod.log.clear()


def test_descriptor(mod):
    descriptor = mod.Descriptor()

    class Owner:
        attribute = descriptor

    owner = Owner()
    assert owner.attribute == ("tp_descr_get", descriptor, owner, Owner)
    # Asked of the class, the object is null.
    assert Owner.attribute == ("tp_descr_get", descriptor, None, Owner)


def test_new_and_init(mod):
    mod.log.clear()
    first = mod.Object()
    second = mod.Object(1, 2)
    third = mod.Object(1, key="word")
    assert [entry[:3] for entry in mod.log] == [("tp_init", ()), ("tp_init", (1, 2)), ("tp_init", (1,), {"key": "word"})]
    first.__init__(9)
    assert (first.initialised, second.initialised, third.initialised) == (2, 1, 1)
    bare = mod.Object.__new__(mod.Object)
    assert bare.initialised == 0
    with pytest.raises(RuntimeError, match="not initialised"):
        len(bare)
    mod.log.clear()


def test_subclass_in_python(mod):
    class Sub(mod.Object):
        def __init__(self, value):
            super().__init__(value, by="sub")
            self.value = value

        def __repr__(self):
            return f"Sub({super().__repr__()})"

    mod.log.clear()
    sub = Sub(3)
    assert mod.log == [("tp_init", (3,), {"by": "sub"})]
    assert (sub.value, repr(sub), str(sub), len(sub)) == (3, "Sub(the repr)", "the str", 7)
    assert sub["x"] == ("mp_subscript", sub, "x")
    assert sub(1) == ("tp_call", (1,))
    mod.log.clear()


def test_end_of_life(mod):
    mod.log.clear()
    before = mod.destroyed_total()
    o = mod.Object()
    mod.log.clear()
    del o
    assert mod.log == [("tp_finalize", False)]
    assert mod.destroyed_total() == before + 1

    class Sub(mod.Object):
        pass

    o = Sub()
    mod.log.clear()
    # An exception that is being handled does not reach the finaliser.
    try:
        raise KeyError
    except KeyError:
        del o
    assert mod.log == [("tp_finalize", False)]
    assert mod.destroyed_total() == before + 2
    mod.log.clear()


def test_buffer(mod):
    o = mod.Object()
    assert o.exports == 0
    view = memoryview(o)
    assert o.exports == 1
    assert (view.format, view.itemsize, view.shape, view.nbytes, view.readonly) == ("q", 8, (4,), 32, False)
    view[2] = -5
    assert bytes(memoryview(o)[2:3]) == (-5).to_bytes(8, __import__("sys").byteorder, signed=True)
    assert view.obj is o
    view.release()
    assert o.exports == 0
    with pytest.raises(BufferError, match="not initialised"):
        memoryview(mod.Object.__new__(mod.Object))
    del o, view
    mod.log.clear()


def test_class_attributes(mod):
    cls = mod.Object
    assert (cls.__module__, cls.__name__, cls.__qualname__) == ("slots", "Object", "Object")
    assert cls.__doc__ == "a class with every slot"
    assert cls.__text_signature__ == "(*args)"
    assert cls.__bases__ == (object,)
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Sub", (mod.Number,), {})


def test_failing_slots(mod):
    f = mod.Failing()

    def assign():
        f["k"] = 1

    def delete():
        del f["k"]

    for slot, function in [
        ("nb_negative", lambda: -f),
        ("nb_add", lambda: f + 1),
        ("nb_power", lambda: f**2),
        ("nb_bool", lambda: bool(f)),
        ("mp_length", lambda: len(f)),
        ("mp_subscript", lambda: f[1]),
        ("mp_ass_subscript", assign),
        ("mp_ass_subscript", delete),
        ("sq_contains", lambda: 1 in f),
        ("tp_repr", lambda: repr(f)),
        ("tp_hash", lambda: hash(f)),
        ("tp_richcompare", lambda: f < 1),
        ("tp_call", lambda: f()),
        ("bf_getbuffer", lambda: memoryview(f)),
    ]:
        with pytest.raises(KeyError, match=slot):
            function()
    with pytest.raises(KeyError, match="tp_init"):
        mod.FailingInit()
    with pytest.raises(KeyError, match="tp_init"):
        type("Sub", (mod.FailingInit,), {})()

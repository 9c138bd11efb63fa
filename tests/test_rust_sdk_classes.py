"""Classes of the Rust SDK: see rust_ext/src/classes.rs."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import operator
import sys
import threading
import weakref
from collections import Counter

import extensions
import hpy.universal
import pytest
import rust_extension
from test_rust_sdk import message, mod  # noqa: F401

pytestmark = [
    pytest.mark.abis("universal", "cpython"),
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]


def test_class_object(mod):
    Counter = mod.Counter
    assert (Counter.__name__, Counter.__qualname__, Counter.__module__) == ("Counter", "Counter", "rust_ext")
    assert Counter.__doc__ == "Counts."
    assert Counter.count.__doc__ == "What was counted."
    assert (Counter.STEP, Counter.NAMES) == (1, ["one", "two"])
    assert str(inspect.signature(Counter.increment)) == "(self, /, times=1)"
    assert str(inspect.signature(Counter.sum)) == "(a, b=1)"
    assert str(inspect.signature(Counter.parse)) == "(text)"
    assert mod.Still.__name__ == "Still" and not hasattr(mod, "Frozen")


@rust_extension.needs_hpy_rs
def test_signatures_of_classes(mod):
    for cls, signature in [
        (mod.Counter, "(start=0, *, step=1)"), (mod.Guarded, "()"), (mod.Length, "(value=0.0, *, unit='m')"),
        (mod.Named, "(value, name)"), (mod.Dog, "(name)"),
    ]:  # fmt: skip
        assert str(inspect.signature(cls)) == signature, cls
    assert mod.Counter.__text_signature__ == "(start=0, *, step=1)" and mod.Counter.__doc__ == "Counts."
    assert str(inspect.signature(type("Python", (mod.Counter,), {}))) == "(start=0, *, step=1)"
    # Without a constructor there is nothing to tell.
    assert mod.Word.__text_signature__ is None


def test_properties_with_one_half_in_the_struct(mod):
    guarded = mod.Guarded()
    assert (guarded.failed, guarded.limit) == (False, 1)
    guarded.failed, guarded.limit = True, 5
    assert (guarded.failed, guarded.limit) == (True, 5)
    assert type(guarded).limit.__doc__ == "How many may enter."


@rust_extension.needs_hpy_rs
def test_a_file_loaded_twice_has_one_of_each_class(variant, mod):
    """Both modules know the instances that either made."""
    before = mod.Counter(3)
    again = rust_extension.load_again(variant)
    assert again is not mod and again.keywords is not mod.keywords
    for name in ("Counter", "Length", "Color", "ExtError", "DocumentError"):
        assert getattr(again, name) is getattr(mod, name), name
    assert before.increment() == 4 and type(again.make_counter(1)) is type(before)
    assert again.next_color(mod.Color.RED) is mod.next_color(mod.Color.RED)
    with pytest.raises(mod.DocumentError):
        again.read_document("?")
    assert again.inner.double(2) == 4 and mod.inner.double(2) == 4


def test_construction(mod):
    assert mod.Counter().count == 0
    assert mod.Counter(5, step=2).increment() == 7
    assert mod.Counter(start=5).count == 5
    assert message(ValueError, mod.Counter, step=0) == "step must not be 0"
    assert message(TypeError, mod.Counter, 1, 2) == "Counter() takes from 0 to 1 positional arguments but 2 were given"
    assert message(TypeError, mod.Counter, nope=1) == "Counter() got an unexpected keyword argument 'nope'"
    assert message(TypeError, mod.Counter, "x") == "Counter() argument 'start' must be int, not str"
    assert message(TypeError, mod.Word) == "cannot create 'Word' instances"
    assert mod.make_counter(3).count == 3


def test_calls_of_a_class_are_what_python_makes_of_them(mod):
    """A class is called in a shorter way than `type.__call__` where that makes no difference, and only there."""
    Counter = mod.Counter
    arguments, options = (5,), {"step": 2}
    for made in (
        Counter(*arguments, **options),
        type.__call__(Counter, *arguments, **options),
        Counter.__new__(Counter, *arguments, **options),
    ):
        assert type(made) is Counter and made.increment() == 7
    assert list(map(lambda made: made.count, map(Counter, [1, 2]))) == [1, 2]
    repeated = {"start": 2}
    assert message(TypeError, lambda: Counter(1, **repeated)) == "Counter() got multiple values for argument 'start'"
    assert "keywords must be strings" in message(TypeError, lambda: Counter(**{3: 4}))
    assert message(UnicodeEncodeError, lambda: Counter(**{"\ud800": 4}))

    class Sub(Counter):
        pass

    assert type(Sub(3)) is Sub and Sub(start=3).count == 3

    seen = []
    Counter.__init__ = lambda self, *args, **kwargs: seen.append((args, kwargs))
    try:
        assert Counter(4, step=3).count == 4 and seen == [((4,), {"step": 3})]
    finally:
        del Counter.__init__
    assert Counter(4).count == 4 and len(seen) == 1
    # Python gives no way back from this.
    mod.Replaced.__new__ = staticmethod(lambda cls, *args, **kwargs: (cls, args, kwargs))
    assert mod.Replaced(1, 2, a=3) == (mod.Replaced, (1, 2), {"a": 3})


def test_methods_and_properties(mod):
    counter = mod.Counter(1)
    assert counter.increment(times=4) == 5
    assert counter.doubled == 10
    counter.doubled = 8
    counter.count += 1
    assert counter.count == 5
    assert counter.own_type is mod.Counter
    assert counter(2, b=3) == 11
    assert bool(counter) and not mod.Counter()
    assert message(TypeError, setattr, counter, "count", "x") == "attribute Counter.count must be int, not str"
    assert message(AttributeError, delattr, counter, "count") == "cannot delete attribute Counter.count"
    with pytest.raises(AttributeError):
        counter.own_type = 3
    assert message(TypeError, counter.increment, "x") == "Counter.increment() argument 'times' must be int, not str"


@rust_extension.needs_hpy_rs
def test_static_and_class_methods(mod):
    assert mod.Counter.sum(1) == mod.Counter(9).sum(1, b=1) == 2
    assert mod.Counter.parse(" 12 ").count == 12
    assert message(ValueError, mod.Counter.parse, "x") == "invalid digit found in string"

    class Sub(mod.Counter):
        pass

    assert type(Sub.parse("3")) is Sub
    assert Sub.parse(text="3").count == 3


def test_comparison_and_hash(mod):
    Counter = mod.Counter
    assert Counter(1) == Counter(1) != Counter(2)
    assert Counter(1) < Counter(2) and Counter(2) > Counter(1)
    assert Counter(1) != 1 and not Counter(1) == "x"
    assert hash(Counter(7)) == 7
    assert hash(Counter(2**64 - 1)) == -2
    with pytest.raises(TypeError):
        Counter(1) <= Counter(2)
    with pytest.raises(TypeError):
        Counter(1) < 3


def test_borrowing(mod):
    counter = mod.Counter(1)
    busy = "this Counter is in use: already {}borrowed by a call that has not returned"
    assert message(RuntimeError, counter.hold, lambda: counter.count) == busy.format("mutably ")
    assert message(RuntimeError, counter.hold, counter.increment) == busy.format("mutably ")
    assert message(RuntimeError, counter.look, counter.increment) == busy.format("")
    assert counter.look(lambda: counter.look(lambda: counter.count)) == 1
    assert message(RuntimeError, mod.counters, counter, counter) == "counters() argument 'b': " + busy.format("")
    assert counter.increment() == 2, "every borrow ended"
    assert mod.counters(counter, mod.Counter(3)) == 5
    assert message(TypeError, mod.counters, counter, 3) == "counters() argument 'b' must be Counter, not int"


def test_a_failing_call_gives_the_borrow_back(mod):
    counter = mod.Counter()
    with pytest.raises(ZeroDivisionError):
        counter.hold(lambda: 1 / 0)
    assert counter.increment() == 1


def test_borrowing_from_many_threads(mod):
    counter = mod.Counter()
    failures = []

    def work():
        for _ in range(2000):
            try:
                counter.increment()
            except RuntimeError:
                failures.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.count + len(failures) == 8000


def test_frozen(mod):
    still = mod.Still("x")
    assert (repr(still), str(still), still.value) == ('Still("x")', "x", "x")
    with pytest.raises(AttributeError):
        still.value = "y"


def test_operators(mod):
    N = mod.Number
    assert (N(7) + 3).value == (N(7) + N(3)).value == (3 + N(7)).value == 10
    assert (N(7) - 3).value == 4 and (3 - N(7)).value == -4
    assert (N(7) * N(2)).value == 14
    assert (N(7) // 2).value == 3
    with pytest.raises(ZeroDivisionError):
        N(1) // 0
    assert (N(2) ** 5).value == 32 and pow(N(2), 5, 7).value == 4
    assert (-N(3)).value == -3
    assert (int(N(3)), float(N(3)), operator.index(N(3)), [1, 2, 3, 4][N(3)]) == (3, 3.0, 3, 4)
    assert N(3) == 3 == N(3) and N(3) < 4 and N(3) >= N(3) and N(3) != "3"
    assert hash(N(5)) == 5 and hash(N(-1)) == -2
    assert format(N(5), "spec") == "<5|spec>" and round(N(5)) == 5
    for wrong in (lambda: N(1) + "x", lambda: "x" + N(1), lambda: 2.5 * N(1), lambda: N(1) < "x"):
        with pytest.raises(TypeError, match="unsupported operand|not supported|concatenate|sequence"):
            wrong()
    with pytest.raises(OverflowError):
        N(1) + 2**64


def test_container(mod):
    items = mod.Items(1, 2, 3)
    assert len(items) == 3 and items[1] == 2 and 3 in items and 4 not in items
    items[0] = 10
    del items[1]
    assert list(items) == [10, 3] and list(reversed(items)) == [3, 10]
    same = items
    items += [4]
    assert items is same and list(items) == [10, 3, 4]
    for wrong in (lambda: items[9], lambda: items.__setitem__(9, 1), lambda: items.__delitem__(9)):
        with pytest.raises(IndexError):
            wrong()
    assert message(TypeError, lambda: items["x"]) == "Items.__getitem__() argument 'index' must be int, not str"
    first, *rest = items
    assert (first, rest) == (10, [3, 4])


@rust_extension.needs_hpy_rs
def test_iterator_protocol(mod):
    steps = mod.Steps(3)
    assert iter(steps) is steps
    assert operator.length_hint(steps) == 3
    assert next(steps) == 0 and list(steps) == [1, 2] and list(steps) == []
    assert next(steps, "end") == "end"
    with pytest.raises(StopIteration):
        next(steps)
    failing = mod.Steps(3, fail_at=1)
    assert next(failing) == 0
    assert message(ValueError, next, failing) == "this step fails"
    assert list(zip(mod.Steps(2), mod.Steps(9))) == [(0, 0), (1, 1)]

    class Twice(mod.Steps):
        def __next__(self):
            return super().__next__() * 2

    class Same(mod.Steps):
        pass

    assert list(Twice(3)) == [0, 2, 4]
    assert list(Same(3)) == [0, 1, 2]


def test_await(mod):
    async def main():
        await mod.Awaitable(2)
        return mod.Awaitable(0).__aiter__()

    coroutine = main()
    try:
        steps = 0
        while True:
            coroutine.send(None)
            steps += 1
    except StopIteration as end:
        assert steps == 2 and isinstance(end.value, mod.Awaitable)
    assert asyncio.iscoroutine(coroutine)


def test_attribute_hooks(mod):
    attrs = mod.Attrs()
    attrs.x = 3
    assert attrs.x == 3
    del attrs.x
    assert message(AttributeError, getattr, attrs, "x") == "no attribute x"
    assert message(AttributeError, delattr, attrs, "x") == "no attribute x"
    assert message(TypeError, setattr, attrs, "x", "y") == "Attrs.__setattr__() argument 'value' must be int, not str"
    assert not hasattr(attrs, "no_such")


def test_context_manager(mod):
    with mod.Guarded() as guarded:
        assert guarded.entered == 1
        raise KeyError("swallowed")
    assert guarded.failed


@rust_extension.needs_hpy_rs
def test_inheritance(mod):
    dog = mod.Dog("Rex")
    assert isinstance(dog, mod.Animal) and mod.Dog.__mro__[1] is mod.Animal
    assert dog.speak() == "Rex makes a sound" and dog.name == "Rex"
    dog.name = "Max"
    assert dog.learn("sit") == "Max learns sit" and dog.tricks == ["sit"]

    class Puppy(mod.Dog):
        def speak(self):
            return super().speak().upper()

    puppy = Puppy("Bo")
    puppy.toy = "ball"
    assert (puppy.speak(), puppy.toy, puppy.tricks) == ("BO MAKES A SOUND", "ball", [])
    with pytest.raises(TypeError):
        mod.Dog.learn(mod.Animal("x"), "sit")
    with pytest.raises(TypeError, match="not an acceptable base|not acceptable base"):
        type("No", (mod.Items,), {})


def test_fields(mod):
    node = mod.Node([1])
    assert node.value == [1] and node.next is None
    node.next = mod.Node()
    node.next.next = node
    assert node.next.next is node
    node.value = "x"
    node.next.next = None
    assert node.next.next is None and node.value == "x"
    assert message(TypeError, setattr, node, "next", 3) == "attribute Node.next must be Node, not int"
    graph = mod.Graph(2)
    graph[1] = node
    assert graph[0] is None and graph[1] is node
    with pytest.raises(IndexError):
        graph[5] = 1


def test_cycles_are_collected(mod):
    class Tracked:
        pass

    node, graph, tracked = mod.Node(), mod.Graph(1), Tracked()
    alive = weakref.ref(tracked)
    node.value = graph
    graph[0] = [node, tracked]
    assert node in gc.get_referents(graph)[0]
    del node, graph, tracked
    gc.collect()
    assert alive() is None


@rust_extension.needs_hpy_rs
def test_a_typed_handle_is_checked_once():
    """What the context is asked for: a type check per argument, none for the receiver, and one struct for each."""
    from hpy.universal import _trace

    mod = rust_extension.load(extensions.VARIANTS["trace"])
    a, b, dog = mod.Counter(1), mod.Counter(2), mod.Dog("Rex")
    mod.counters(a, b)  # the global of the class is filled

    def asked(call):
        before = Counter(_trace.get_call_counts())
        call()
        counts = Counter(_trace.get_call_counts()) - before
        return counts["ctx_TypeCheck"], counts["ctx_AsStruct_Object"]

    assert asked(lambda: mod.counters(a, b)) == (2, 2)
    assert asked(a.increment) == (0, 1) and asked(lambda: a.count) == (0, 1)
    # Its own struct and that of its base.
    assert asked(lambda: dog.learn("sit")) == (0, 2)


def test_values_are_dropped(mod):
    before = mod.Temperature.dropped()
    for _ in range(10):
        assert mod.Temperature().alive()
    gc.collect()
    assert mod.Temperature.dropped() == before + 10


def test_new_without_our_constructor(mod):
    """No way leads to an instance without its value."""
    for make in (lambda: object.__new__(mod.Counter), lambda: copy.copy(mod.Temperature())):
        try:
            made = make()
        except TypeError:
            continue
        assert type(made).__name__ == "Temperature" and made.alive()

    class Sub(mod.Counter):
        def __new__(cls):
            return object.__new__(cls)

    with pytest.raises(TypeError):
        Sub()


@pytest.mark.parametrize("name, arguments", [("Counter", ()), ("Animal", ("Rex",)), ("Dog", ("Rex",))])
def test_instances_of_python_subclasses_are_collected(mod, name, arguments):
    if sys.implementation.name == "cpython" and not hasattr(hpy.universal, "_direct"):
        pytest.skip("PyPI's hpy 0.9.0 cannot make instances of Python subclasses")
    base = getattr(mod, name)
    made = type("Sub", (base,), {})(*arguments)
    assert isinstance(made, base)
    gone = weakref.ref(made)
    del made
    gc.collect()
    assert gone() is None


def test_items_by_number(mod):
    """What has `__getitem__` and no `__iter__` can be iterated over and reversed, as in Python."""
    sequence = mod.Squares(4)
    assert list(sequence) == [0, 1, 4, 9] and 9 in sequence and 5 not in sequence
    assert list(reversed(sequence)) == [9, 4, 1, 0]
    assert sequence[2] == 4 and message(IndexError, sequence.__getitem__, 4) == "no such square"

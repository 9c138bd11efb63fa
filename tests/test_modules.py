"""A binary may be loaded any number of times; each load gives a module of its own and leaves nothing behind."""

import gc

import pytest

import extensions


@pytest.mark.parametrize("name", ["probe", "state", "slots", "types_"])
def test_loading_again(variant, name):
    path = extensions.build(name, variant.abi)
    first = extensions.load(name, path, variant)
    second = extensions.load(name, path, variant)
    assert first is not second
    assert set(vars(first)) == set(vars(second))
    for attribute in ("Pair", "Object", "Members"):
        if hasattr(first, attribute):
            assert getattr(first, attribute) is not getattr(second, attribute)
    del first, second
    gc.collect()

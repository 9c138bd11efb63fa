"""The leak check itself: it finds leaks, and does not take a cache for one."""

import pytest

import refleak


def test_finds_a_leak():
    kept = []
    with pytest.raises(AssertionError, match="each run leaves"):
        refleak.check(lambda: kept.append(object()), 3)


def test_caches_are_no_leaks():
    cache = {}
    refleak.check(lambda: cache.setdefault("key", object()), 3)


def test_cycles_are_no_leaks():
    def make_cycle():
        cycle = []
        cycle.append(cycle)

    refleak.check(make_cycle, 3)

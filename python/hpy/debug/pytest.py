"""The pytest fixture `hpy_debug`: a test that uses it fails if it leaves handles open.

    from hpy.debug.pytest import hpy_debug

To check every test and for every kind of mistake, run `pytest --hpy-debug` instead (see `hpy.debug.plugin`).
"""

from __future__ import annotations

from typing import Iterator

import pytest

from .leakdetector import LeakDetector


@pytest.fixture
def hpy_debug() -> Iterator[LeakDetector]:
    """A LeakDetector that is started before the test and stopped after it."""
    with LeakDetector() as detector:
        yield detector

"""Each step of examples/porting is the same module."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

import extensions
from extensions import VARIANTS

PORTING = Path(__file__).parent.parent / "examples" / "porting"
STEPS = {
    "step0_c_api": ("cpython",),
    "step1_legacy_module": ("hybrid", "cpython"),
    "step2_mixed_type": ("hybrid", "cpython"),
    "step3_universal": ("universal", "hybrid", "cpython"),
}
CASES = [
    (step, variant.name)
    for step, abis in STEPS.items()
    for variant in VARIANTS.values()
    if variant.abi in abis and variant.mode in ("universal", "debug", "cpython")
]


@pytest.fixture(params=CASES, ids=lambda case: "-".join(case))
def span(request):
    step, name = request.param
    variant = VARIANTS[name]
    reason = extensions.unavailable(variant)
    if reason is not None:
        pytest.skip(reason)
    binary = extensions.build("span", variant.abi, (PORTING / f"{step}.c").read_text())
    return extensions.load("span", binary, variant)


def test_every_file_is_a_step():
    assert {path.stem for path in PORTING.glob("*.c")} == set(STEPS)


def test_spans(span):
    one = span.Span(1, 5)
    assert repr(one) == "Span(1, 5, None)"
    assert repr(span.Span(stop=3, start=2, label="x")) == "Span(2, 3, 'x')"
    assert one.contains(1) and one.contains(4)
    assert not one.contains(0) and not one.contains(5)
    assert repr(one.shifted(10)) == "Span(11, 15, None)"
    assert span.Span.__doc__ == "Span(start, stop, label=None)"
    assert span.__doc__ == "Spans of integers"


def test_the_label_is_any_object(span):
    label = object()
    one = span.Span(0, 0, label)
    assert one.label is label and one.shifted(1).label is label
    one.label = 3
    assert one.label == 3
    with pytest.raises(AttributeError, match="a span always has a label"):
        del one.label


def test_overlap(span):
    assert span.overlap(span.Span(0, 10), span.Span(5, 20)) == 5
    assert span.overlap(span.Span(0, 10), span.Span(10, 20)) == 0
    with pytest.raises(TypeError, match="takes two spans"):
        span.overlap(span.Span(0, 1), (0, 1))
    with pytest.raises(TypeError):
        span.overlap(span.Span(0, 1))


def test_errors(span):
    with pytest.raises(ValueError, match="a span cannot end at 1, before it starts at 2"):
        span.Span(2, 1)
    with pytest.raises(TypeError):
        span.Span(1)
    with pytest.raises(TypeError):
        span.Span(1, 2).contains("x")
    with pytest.raises(TypeError, match="takes one argument"):
        span.Span(1, 2).shifted()


def test_cycles_are_collected(span):
    class Label:
        pass

    label = Label()
    label.span = span.Span(0, 1, label)
    gone = weakref.ref(label)
    del label
    gc.collect()
    assert gone() is None

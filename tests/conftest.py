"""Every test that asks for `variant`, or for a module by `mod`, runs in every ABI and mode that is there."""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
from types import ModuleType
from typing import Iterator

import pytest

import extensions
import leaks
from extensions import VARIANTS, Variant

sys.path.insert(0, os.path.dirname(__file__))


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("hpy")
    group.addoption(
        "--modes",
        default=os.environ.get("HPY_TEST_MODES", ""),
        help="ABIs and modes to test in, by comma: " + ", ".join(VARIANTS) + ". Default: all that are there. "
        "One that is named and not there is an error.",
    )
    group.addoption(
        "--refleak",
        type=int,
        default=0,
        metavar="N",
        help="run each test N more times and fail it if every time leaves more references (on a debug build of "
        "Python) or more memory blocks (elsewhere) than there were before",
    )


def chosen(config: pytest.Config) -> list[Variant]:
    """The variants this session runs, found once."""
    stored = getattr(config, "hpy_variants", None)
    if stored is not None:
        return stored
    wanted = config.getoption("--modes")
    missing: dict[str, str] = {}
    if wanted:
        names = [name.strip() for name in wanted.split(",")]
        unknown = [name for name in names if name not in VARIANTS]
        if unknown:
            raise pytest.UsageError(f"--modes: {unknown[0]!r} is none of {', '.join(VARIANTS)}")
    else:
        names = list(VARIANTS)
    found = []
    for name in names:
        reason = extensions.unavailable(VARIANTS[name])
        if reason is None:
            found.append(VARIANTS[name])
        elif wanted:
            raise pytest.UsageError(f"--modes: {name} is not there: {reason}")
        else:
            missing[name] = reason
    config.hpy_variants = found  # type: ignore[attr-defined]
    config.hpy_missing = missing  # type: ignore[attr-defined]
    return found


def pytest_report_header(config: pytest.Config) -> list[str]:
    names = [variant.name for variant in chosen(config)]
    lines = [f"hpy: testing {', '.join(names)}"]
    if not extensions.THUNKS and sys.implementation.name == "cpython":
        lines.append("hpy: thunks are off, calls go through trampolines")
    for name, reason in config.hpy_missing.items():  # type: ignore[attr-defined]
        lines.append(f"hpy: without {name}: {reason.strip().splitlines()[-1]}")
    return lines


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "variant" in metafunc.fixturenames:
        variants = chosen(metafunc.config)
        marker = metafunc.definition.get_closest_marker("abis")
        if marker is not None:
            variants = [variant for variant in variants if variant.abi in marker.args]
        metafunc.parametrize("variant", variants, ids=[variant.name for variant in variants])


def pytest_configure(config: pytest.Config) -> None:
    config.hpy_covered = set()  # type: ignore[attr-defined]
    config.addinivalue_line("markers", "once: not for a loop under --refleak, for a reason given beside it")
    config.addinivalue_line("markers", "mistakes: the test makes mistakes that debug mode finds")
    config.addinivalue_line("markers", "cpython(reason): the test itself needs CPython, and is skipped elsewhere")
    config.addinivalue_line("markers", "abis(*names): run only for these ABIs")
    if importlib.util.find_spec("hypothesis"):
        import hypothesis

        # The same values in each run, however slow the machine is: a run says something of the code alone, and a loop under
        # --refleak counts nothing that hypothesis keeps of values it has not had before. HPY_TESTS_RANDOM=1 looks for others.
        is_random = bool(os.environ.get("HPY_TESTS_RANDOM")) and not config.getoption("--refleak")
        hypothesis.settings.register_profile(
            "hpy",
            deadline=None,
            derandomize=not is_random,
            database=None,
            suppress_health_check=[hypothesis.HealthCheck.too_slow],
        )
        hypothesis.settings.load_profile("hpy")


def pytest_sessionstart() -> None:
    """What the tests use of CPython and other implementations lack: the test that asks for it is skipped."""
    if sys.implementation.name == "cpython":
        return

    def skips(what: str):
        return lambda *_: pytest.skip(f"needs CPython: {what}")

    sys.getrefcount = skips("counts references")
    sys.getsizeof = skips("asks for the size of objects")  # type: ignore[assignment]
    gc.is_tracked = skips("asks what the garbage collector tracks")


def pytest_runtest_setup(item: pytest.Item) -> None:
    marker = item.get_closest_marker("cpython")
    if marker is not None and sys.implementation.name != "cpython":
        pytest.skip(f"needs CPython: {marker.args[0]}")


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """With --refleak, runs the test in a loop, see refleak.py."""
    runs = pyfuncitem.config.getoption("--refleak")
    if not runs or pyfuncitem.get_closest_marker("once"):
        return None
    import refleak

    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}

    def run() -> None:
        pyfuncitem.obj(**arguments)
        if "monkeypatch" in arguments:
            arguments["monkeypatch"].undo()

    refleak.check(run, runs)
    return True


@pytest.fixture
def covers(request: pytest.FixtureRequest):
    """Notes that a test exercises a member of the context that no trace can count."""
    return request.config.hpy_covered.add  # type: ignore[attr-defined]


@pytest.fixture
def extension(variant: Variant):
    """Loads a module of tests/ext by name, in the test's variant."""
    return lambda name: extensions.extension(name, variant)


@pytest.fixture
def compiled(variant: Variant):
    """Compiles C source text as the module `name` and loads it, in the test's variant."""

    def make(source: str, name: str = "snippet") -> ModuleType:
        return extensions.load(name, extensions.build(name, variant.abi, source), variant)

    return make


@pytest.fixture
def mod(request: pytest.FixtureRequest, variant: Variant) -> Iterator[ModuleType]:
    """The module that the test file names in EXT. In debug mode the test may leave no handle open, and
    nothing may be found, unless it is marked as one that makes mistakes."""
    module = extensions.extension(request.module.EXT, variant)
    if variant.mode != "debug":
        yield module
        return
    import hpy.debug

    if not hasattr(hpy.debug, "get_findings"):
        # Another debug mode, which finds handles that stay open and no other mistakes.
        with leaks.none_left_open():
            yield module
        return
    from hpy.debug import clear_findings, get_findings

    clear_findings()
    with leaks.none_left_open():
        yield module
    found = [finding["message"] for finding in get_findings()]
    clear_findings()
    expected = request.node.get_closest_marker("mistakes")
    if expected is None:
        assert found == []
    else:
        assert found, "no mistake was found: the mark says that the test makes some"

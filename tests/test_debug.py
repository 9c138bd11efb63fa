"""Debug mode's controls: hooks, limits, memory, threads, the report and the pytest plugin."""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import extensions
from hpy.universal import _debug
from memory_use import mapped

DEBUG = extensions.VARIANTS["debug"]

needs_names = pytest.mark.skipif(not extensions.THUNKS, reason="functions have no names on trampolines")


@pytest.fixture
def mod():
    module = extensions.load("dbg", extensions.build("dbg"), DEBUG)
    yield module
    _debug.set_on_invalid_handle(None)
    _debug.set_on_finding(None)
    _debug.set_handle_stack_trace_limit(None)
    _debug.clear_findings()


def leaked(generation: int) -> list[object]:
    handles = _debug.get_open_handles(generation)
    found = [handle.obj for handle in handles]
    for handle in handles:
        handle._force_close()
    return found


def test_a_million_handles_stay_under_the_limits(mod):
    _debug.new_generation()
    mod.churn(1_000_000)
    assert len(_debug.get_closed_handles()) <= _debug.get_closed_handles_queue_max_size()


@pytest.mark.parametrize("most", [0, 1, 10, 999, 1000, 1024, 5000])
def test_as_many_closed_handles_are_remembered_as_the_limit_says(mod, most):
    before = _debug.get_closed_handles_queue_max_size()
    try:
        _debug.set_closed_handles_queue_max_size(most)
        mod.churn(20_000)
        remembered = len(_debug.get_closed_handles())
        # A long queue gives up an eighth at a time, and those of the running calls are open.
        assert remembered <= most and remembered >= most - most // 8 - 8
        # Lowered, it gets shorter as handles are closed, and no record is lost or there twice.
        _debug.set_closed_handles_queue_max_size(most // 2)
        mod.churn(20_000)
        assert len(_debug.get_closed_handles()) <= most
        generation = _debug.new_generation()
        for number in range(2000):
            mod.leak(number)
        assert leaked(generation) == list(range(2000))
    finally:
        _debug.set_closed_handles_queue_max_size(before)


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS limits addresses on Linux")
def test_few_addresses_are_enough(tmp_path):
    """Debug mode reserves 4 GiB of addresses where it may, and takes less where it may not."""
    program = tmp_path / "few.py"
    program.write_text(
        "import resource, sys\n"
        "pages = int(open('/proc/self/statm').read().split()[0])\n"
        "limit = pages * resource.getpagesize() + (3 << 30)  # an allocator of Python's may reserve 1 GiB too\n"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import extensions\n"
        "from hpy.universal import _debug\n"
        f"path = extensions.Path({str(extensions.build('dbg'))!r})\n"
        "mod = extensions.load('dbg', path, extensions.VARIANTS['debug'])\n"
        "generation = _debug.new_generation()\n"
        "mod.churn(100_000)\n"
        "mod.leak('kept')\n"
        "print([handle.obj for handle in _debug.get_open_handles(generation)])\n"
    )
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "['kept']\n"), done.stderr


def test_traces_name_function_file_and_line(mod):
    _debug.set_handle_stack_trace_limit(16)
    generation = _debug.new_generation()
    mod.leak("traced")
    (handle,) = _debug.get_open_handles(generation)
    opened = handle.opened
    names = [frame["function"] for frame in opened["native"]]
    assert "leak_impl" in names
    frame = opened["native"][names.index("leak_impl")]
    assert frame["file"].endswith("dbg.c") and frame["line"] == 7
    assert opened["python"][0].endswith("in test_traces_name_function_file_and_line")
    assert "leak_impl at " in repr(handle)
    handle._force_close()


def test_traces_know_binaries_that_are_loaded_after_the_first(mod, tmp_path):
    test_traces_name_function_file_and_line(mod)
    copy = Path(shutil.copy(extensions.build("dbg"), tmp_path))
    test_traces_name_function_file_and_line(extensions.load("dbg", copy, DEBUG))


def test_without_traces_the_report_says_how_to_get_them(mod):
    generation = _debug.new_generation()
    mod.leak("untraced")
    (handle,) = _debug.get_open_handles(generation)
    assert handle.opened is None
    assert "set_handle_stack_trace_limit" in repr(handle)
    handle._force_close()


@pytest.mark.parametrize("wrong", [-1, "many", None])
def test_limits_refuse_what_is_no_size(wrong):
    old = _debug.get_closed_handles_queue_max_size(), _debug.get_protected_raw_data_max_size()
    for setter in (_debug.set_closed_handles_queue_max_size, _debug.set_protected_raw_data_max_size):
        with pytest.raises((TypeError, ValueError)):
            setter(wrong)
    assert old == (_debug.get_closed_handles_queue_max_size(), _debug.get_protected_raw_data_max_size())


@pytest.mark.parametrize(
    "setter", ["set_on_invalid_handle", "set_on_invalid_builder_handle", "set_on_finding"]
)
def test_hooks_refuse_what_is_not_callable(setter):
    with pytest.raises(TypeError, match="callable object or None"):
        getattr(_debug, setter)(42)


def test_a_handle_object_made_by_hand_stands_for_nothing():
    with pytest.raises(ValueError, match="stands for no handle"):
        _debug.DebugHandle().obj


def test_a_hook_that_raises_is_unraisable(mod, monkeypatch):
    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", lambda info: unraisable.append(str(info.exc_value)))

    def hook():
        raise RuntimeError("from the hook")

    _debug.set_on_invalid_handle(hook)
    assert mod.use_closed(1234) == "1234"
    assert unraisable == ["from the hook"]


def test_a_hook_may_call_the_extension(mod):
    results = []
    _debug.set_on_invalid_handle(lambda: results.append(mod.add(20, 22)))
    assert mod.use_closed(1234) == "1234"
    assert results == [42]


def test_a_hook_may_take_itself_away(mod):
    calls = []

    def hook():
        calls.append(1)
        _debug.set_on_invalid_handle(lambda: calls.append(2))

    _debug.set_on_invalid_handle(hook)
    mod.use_closed(1)
    mod.use_closed(1)
    assert calls == [1, 2]


@needs_names
def test_the_finding_hook_gets_each_finding_once(mod):
    found = []
    _debug.set_on_invalid_handle(lambda: None)
    _debug.set_on_finding(found.append)
    mod.use_closed(1)
    (finding,) = _debug.get_findings()
    assert finding["kind"] == "closed-handle" and finding["function"] == "dbg.use_closed"
    mod.use_closed(1)
    (finding,) = _debug.get_findings()
    assert finding["count"] == 2


def test_no_memory_for_handles_is_a_memory_error(mod):
    def spend(budget):
        _debug._set_allocation_budget(budget)
        try:
            return mod.add(20, 22)
        finally:
            _debug._set_allocation_budget(-1)

    generation = _debug.new_generation()
    # self, two arguments, the result.
    for budget in range(4):
        with pytest.raises(MemoryError):
            spend(budget)
    assert spend(4) == 42
    assert leaked(generation) == []


def test_no_memory_for_text_is_a_memory_error(mod):
    for budget in range(4):
        _debug._set_allocation_budget(budget)
        try:
            with pytest.raises(MemoryError):
                mod.text("a text")
        finally:
            _debug._set_allocation_budget(-1)
    assert mod.text("a text") == "a text"


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_threads(mode):
    mod = extensions.load("dbg", extensions.build("dbg"), extensions.VARIANTS[mode])
    generation = _debug.new_generation()
    errors = []

    def work(number):
        try:
            for index in range(2000):
                assert mod.add(number, index) == number + index
                assert mod.text(f"{number}-{index}") == f"{number}-{index}"
                assert mod.call(lambda: mod.add(1, 2)) == 3
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert leaked(generation) == []


PROGRAM = """
import importlib.machinery, sys
from hpy.universal import load, MODE_DEBUG
mod = load("dbg", {path!r}, importlib.machinery.ModuleSpec("dbg", None, origin={path!r}), mode=MODE_DEBUG)
print("arguments:", sys.argv[1:])
{body}
"""


def run_program(tmp_path: Path, body: str, *options: str) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "program.py"
    script.write_text(PROGRAM.format(path=str(extensions.build("dbg")), body=body))
    line = [sys.executable, "-m", "hpy.debug", "run", *options, str(script), "one", "two"]
    return subprocess.run(line, capture_output=True, text=True, timeout=120)


def test_run_reports_leaks_as_text(tmp_path):
    done = run_program(tmp_path, "mod.leak('first'); mod.leak('second')")
    assert done.returncode == 1
    assert done.stdout == "arguments: ['one', 'two']\n"
    assert done.stderr.startswith("hpy.debug: 2 mistakes at 1 place\n")
    assert "a handle never closed (2 times): a handle for 'first' was never closed" in done.stderr
    assert "leak_impl at " in done.stderr and "program.py" in done.stderr


def test_run_tells_places_apart(tmp_path):
    out = tmp_path / "report.json"
    body = "mod.leak('first'); mod.leak('second'); mod.leak_too('third')"
    run_program(tmp_path, body, "--format", "json", "--output", str(out))
    findings = json.loads(out.read_text())["findings"]
    assert [(finding["message"], finding["count"]) for finding in findings] == [
        ("a handle for 'first' was never closed", 2),
        ("a handle for 'third' was never closed", 1),
    ]
    page = tmp_path / "report.html"
    run_program(tmp_path, body, "--format", "html", "--output", str(page))
    titles = [line for line in page.read_text().splitlines() if "<h2>" in line]
    assert len(titles) == 2 and "leak_impl at " in titles[0] and "leak_too_impl at " in titles[1]


def test_run_of_a_clean_program(tmp_path):
    done = run_program(tmp_path, "assert mod.add(1, 2) == 3")
    assert (done.returncode, done.stderr) == (0, "hpy.debug: nothing found\n")


def test_run_keeps_the_exit_status_of_the_program(tmp_path):
    assert run_program(tmp_path, "sys.exit(7)").returncode == 7
    done = run_program(tmp_path, "raise KeyError('lost')")
    assert done.returncode == 1 and "KeyError: 'lost'" in done.stderr


def test_run_reports_as_json(tmp_path):
    out = tmp_path / "report.json"
    done = run_program(tmp_path, "mod.leak('it')", "--format", "json", "--output", str(out))
    assert done.returncode == 1
    report = json.loads(out.read_text())
    assert (report["version"], report["mistakes"]) == (1, 1)
    assert report["findings"][0]["kind"] == "leaked-handle"


def test_run_reports_as_one_page(tmp_path):
    out = tmp_path / "report.html"
    run_program(tmp_path, "mod.leak('<script>')", "--format", "html", "--output", str(out))
    page = out.read_text()
    assert "leak_impl" in page and "<details>" in page and 'type="search"' in page
    assert "&#x27;&lt;script&gt;&#x27;" in page and "http" not in page


def test_the_pytest_plugin_names_the_test(tmp_path):
    (tmp_path / "test_it.py").write_text(
        PROGRAM.format(
            path=str(extensions.build("dbg")),
            body="def test_leaks(): mod.leak('lost in a test')\n\ndef test_clean(): assert mod.add(1, 2) == 3\n",
        )
    )
    line = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    entries = importlib.metadata.entry_points()
    chosen = entries.select(group="pytest11") if hasattr(entries, "select") else entries.get("pytest11", [])
    installed = any(entry.value == "hpy.debug.plugin" for entry in chosen)
    plugin = [] if installed else ["-p", "hpy.debug.plugin"]
    done = subprocess.run(
        [*line, *plugin, "--hpy-debug", "--hpy-debug-traces", "8", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stdout
    assert "1 failed, 1 passed" in done.stdout
    assert "test_it.py::test_leaks:" in done.stdout and "a handle for 'lost in a test' was never closed" in done.stdout
    assert "mistakes of an extension in test_it.py::test_leaks" in done.stdout


@pytest.mark.parametrize("mode", ["MODE_DEBUG_ON_TRACE", "MODE_TRACE_ON_DEBUG"])
def test_debug_and_trace_stack_in_either_order(mode):
    from hpy import universal

    path = str(extensions.for_mode(extensions.build("dbg"), mode))
    spec = importlib.machinery.ModuleSpec("dbg", None, origin=path)
    mod = universal.load("dbg", path, spec, mode=getattr(universal, mode))
    generation = _debug.new_generation()
    calls = universal._trace.get_call_counts()["ctx_Add"]
    assert mod.add(20, 22) == 42
    assert mod.call(lambda: mod.text("nested")) == "nested"
    assert universal._trace.get_call_counts()["ctx_Add"] == calls + 1
    mod.leak("stacked")
    assert leaked(generation) == ["stacked"]
    used = []
    _debug.set_on_invalid_handle(lambda: used.append(1))
    try:
        assert mod.use_closed(1234) == "1234"
    finally:
        _debug.set_on_invalid_handle(None)
        _debug.clear_findings()
    assert used == [1]


ALLOCATING = """
#include <hpy.h>
#include <string.h>

/* Calls by name what debug mode needs memory for; 1 if it worked, 0 if it raised. */
static int use(HPyContext *ctx, const char *what, HPy arg)
{
    HPy made = HPy_NULL;
    if (strcmp(what, "dup") == 0)
        made = HPy_Dup(ctx, arg);
    else if (strcmp(what, "long") == 0)
        made = HPyLong_FromInt64_t(ctx, 123456);
    else if (strcmp(what, "str") == 0)
        made = HPyUnicode_FromString(ctx, "text");
    else if (strcmp(what, "attr") == 0)
        made = HPy_GetAttr_s(ctx, arg, "__class__");
    else if (strcmp(what, "call") == 0)
        made = HPy_Call(ctx, ctx->h_ListType, NULL, 0, HPy_NULL);
    else if (strcmp(what, "tuple") == 0)
        made = HPyTuple_FromArray(ctx, &arg, 1);
    else if (strcmp(what, "import") == 0)
        made = HPyImport_ImportModule(ctx, "sys");
    else if (strcmp(what, "utf8") == 0)
        return HPyUnicode_AsUTF8AndSize(ctx, arg, NULL) != NULL;
    else if (strcmp(what, "builder") == 0) {
        HPyListBuilder builder = HPyListBuilder_New(ctx, 1);
        HPyListBuilder_Set(ctx, builder, 0, arg);
        made = HPyListBuilder_Build(ctx, builder);
    }
    else if (strcmp(what, "tuple builder") == 0) {
        HPyTupleBuilder builder = HPyTupleBuilder_New(ctx, 1);
        HPyTupleBuilder_Set(ctx, builder, 0, arg);
        made = HPyTupleBuilder_Build(ctx, builder);
    }
    else if (strcmp(what, "tracker") == 0) {
        HPyTracker tracker = HPyTracker_New(ctx, 0);
        if (tracker._i == 0)
            return 0;
        HPy tracked = HPy_Dup(ctx, arg);
        int added = HPy_IsNull(tracked) ? -1 : HPyTracker_Add(ctx, tracker, tracked);
        if (added < 0 && !HPy_IsNull(tracked))
            HPy_Close(ctx, tracked);
        HPyTracker_Close(ctx, tracker);
        return added == 0;
    }
    else if (strcmp(what, "capsule") == 0)
        made = HPyCapsule_New(ctx, &use, "name", NULL);
    else if (strcmp(what, "slice") == 0)
        made = HPySlice_New(ctx, arg, arg, arg);
    else if (strcmp(what, "contextvar") == 0)
        made = HPyContextVar_New(ctx, "name", arg);
    else if (strcmp(what, "global") == 0) {
        static HPyGlobal global;
        (void)global;
        made = HPy_Type(ctx, arg);
    }
    if (HPy_IsNull(made))
        return 0;
    HPy_Close(ctx, made);
    return 1;
}

HPyDef_METH(work, "work", HPyFunc_VARARGS)
static HPy work_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    char what[32];
    HPy_ssize_t size;
    const char *name = HPyUnicode_AsUTF8AndSize(ctx, args[0], &size);
    if (name == NULL)
        return HPy_NULL;
    strcpy(what, name);
    if (!use(ctx, what, args[1]))
        return HPy_NULL;
    return HPy_Dup(ctx, ctx->h_None);
}

static HPyDef *defines[] = {&work, NULL};
static HPyModuleDef moduledef = {.defines = defines};
HPy_MODINIT(allocating, moduledef)
"""


@pytest.mark.parametrize(
    "what",
    ["dup", "long", "str", "attr", "call", "tuple", "import", "utf8", "builder", "tuple builder", "tracker", "capsule",
     "slice", "contextvar", "global"],
)  # fmt: skip
def test_no_memory_anywhere_is_a_memory_error(what):
    mod = extensions.load("allocating", extensions.build("allocating", source=ALLOCATING), DEBUG)
    mod.work(what, "an argument")
    generation = _debug.new_generation()
    argument = "".join(["an ", "argument"])
    references = sys.getrefcount(argument)
    raised = 0
    for budget in range(20):
        _debug._set_allocation_budget(budget)
        try:
            mod.work(what, argument)
        except MemoryError:
            raised += 1
        else:
            break
        finally:
            _debug._set_allocation_budget(-1)
    else:
        raise AssertionError("it never worked")
    # self, two arguments, the name's bytes, what is made, the result.
    assert raised >= 5
    assert sys.getrefcount(argument) == references
    assert leaked(generation) == []
    assert [finding["kind"] for finding in _debug.get_findings()] == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_an_open_handle_with_traces_takes_at_most_four_kilobytes(mod):
    def deep(depth):
        return deep(depth - 1) if depth else mod.leak("kept open")

    _debug.set_handle_stack_trace_limit(1000)
    generation = _debug.new_generation()
    count = 2000
    # The first ones fill the queue of closed handles, which has traces as well.
    for _ in range(count):
        deep(60)
    before = mapped()
    for _ in range(count):
        deep(60)
    grown = mapped() - before
    _debug.set_handle_stack_trace_limit(None)
    handles = _debug.get_open_handles(generation)
    assert len(handles) == 2 * count
    # Something was recorded, or this says nothing.
    assert len(handles[-1].opened["python"]) > 20
    del handles
    leaked(generation)
    assert grown < count * 4096


@pytest.mark.parametrize("mode", ["MODE_DEBUG_ON_TRACE", "MODE_TRACE_ON_DEBUG"])
def test_threads_in_stacked_modes(mode):
    from hpy import universal

    path = str(extensions.for_mode(extensions.build("dbg"), mode))
    spec = importlib.machinery.ModuleSpec("dbg", None, origin=path)
    mod = universal.load("dbg", path, spec, mode=getattr(universal, mode))
    test_threads_of(mod)


def test_threads_of(mod):
    """Four threads that call the extension, which calls back."""
    generation = _debug.new_generation()
    errors = []

    def work(number):
        try:
            for index in range(1000):
                assert mod.add(number, index) == number + index
                assert mod.text(f"{number}-{index}") == f"{number}-{index}"
                assert mod.call(lambda: mod.add(1, 2)) == 3
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert leaked(generation) == []
    assert [finding["kind"] for finding in _debug.get_findings()] == []


@pytest.mark.parametrize("setter", ["set_on_invalid_handle", "set_on_finding"])
def test_hooks_that_misbehave(mod, setter, monkeypatch):
    """A hook that calls what calls the hook, takes itself away and raises, all in one call."""
    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", lambda info: unraisable.append(str(info.exc_value)))
    _debug.set_on_invalid_handle(lambda: None)
    depth = []

    def hook(*finding):
        depth.append(len(depth))
        if len(depth) < 4:
            mod.use_closed(len(depth))
        getattr(_debug, setter)(None if setter == "set_on_finding" else lambda: None)
        raise RuntimeError(f"at depth {len(depth)}")

    getattr(_debug, setter)(hook)
    _debug.clear_findings()
    assert mod.use_closed(1234) == "1234"
    if setter == "set_on_invalid_handle":
        assert depth == [0, 1, 2, 3] and len(unraisable) == 4
    assert mod.use_closed(5678) == "5678"


def test_a_hook_may_disable_traces_and_shrink_the_queue(mod):
    old = _debug.get_closed_handles_queue_max_size()

    def hook():
        _debug.set_handle_stack_trace_limit(None)
        _debug.set_closed_handles_queue_max_size(2)

    _debug.set_handle_stack_trace_limit(4)
    _debug.set_on_invalid_handle(hook)
    try:
        assert mod.use_closed(1234) == "1234"
        mod.churn(5000)
        assert len(_debug.get_closed_handles()) <= 2
    finally:
        _debug.set_closed_handles_queue_max_size(old)
    mod.churn(5000)
    assert len(_debug.get_closed_handles()) <= old

"""Binaries in the direct form: NAME.so that CPython imports by itself."""

from __future__ import annotations

import gc
import importlib
import importlib.machinery
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import textwrap
import threading
import weakref

import pytest

import extensions
import rust_extension
from hpy.devel.stub import stub_source
from memory_use import mapped
from subinterpreters import KINDS, Failed, interpreter

SOURCE = """
#include <hpy.h>
HPyDef_METH(ctx_name, "ctx_name", HPyFunc_NOARGS)
static HPy ctx_name_impl(HPyContext *ctx, HPy self) { return HPyUnicode_FromString(ctx, ctx->name); }
HPyDef_METH(me, "me", HPyFunc_NOARGS)
static HPy me_impl(HPyContext *ctx, HPy self) { return HPy_Dup(ctx, self); }
HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext *ctx, HPy module)
{
#ifdef FAIL_ONCE
    static int failed;
    if (!failed) {
        failed = 1;
        HPyErr_SetString(ctx, ctx->h_OSError, "not yet");
        return -1;
    }
#endif
    HPy one = HPyLong_FromLong(ctx, 1);
    int result = HPy_SetAttr_s(ctx, module, "executed", one);
    HPy_Close(ctx, one);
    return result;
}
static HPyDef *defines[] = {&ctx_name, &me, &exec, NULL};
static HPyModuleDef def = {.doc = "imported directly", .defines = defines};
#ifdef VERSION
#  undef HPY_ABI_VERSION
#  define HPY_ABI_VERSION VERSION
#endif
#ifdef NOTHING
#  define def (*(HPyModuleDef *)0)
#endif
HPy_MODINIT(direct, def)
"""


def binary(*flags: str) -> pathlib.Path:
    return extensions.build("direct", "universal", SOURCE, flags)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Puts a binary into a folder of sys.path as a file that CPython finds."""

    def put(*flags: str, name: str = "direct.so", source: pathlib.Path | None = None) -> pathlib.Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        # A new file: one that is written over while it is mapped changes under the code that runs.
        path.unlink(missing_ok=True)
        shutil.copy(source or binary(*flags), path)
        importlib.invalidate_caches()
        return path

    monkeypatch.syspath_prepend(str(tmp_path))
    for variable in ("HPY", "HPY_LOG"):
        monkeypatch.delenv(variable, raising=False)
    yield put
    for name in list(sys.modules):
        if name.split(".")[0] in ("direct", "parcel", "odd", "one", "two"):
            del sys.modules[name]


def test_import(place):
    path = place()
    module = importlib.import_module("direct")
    assert sys.modules["direct"] is module is module.me()
    assert (module.__name__, module.__package__, module.__file__) == ("direct", "", str(path))
    assert module.__doc__ == "imported directly"
    assert module.executed == 1
    assert isinstance(module.__loader__, importlib.machinery.ExtensionFileLoader)
    assert module.__spec__.loader is module.__loader__
    assert module.__spec__.origin == str(path)
    assert module.ctx_name().startswith("HPy Universal ABI")
    assert repr(module) == f"<module 'direct' from {str(path)!r}>"


@pytest.mark.parametrize("suffix", importlib.machinery.EXTENSION_SUFFIXES)
def test_every_suffix_of_the_interpreter(place, suffix):
    path = place(name="direct" + suffix)
    assert importlib.import_module("direct").__file__ == str(path)


def test_in_a_package(place):
    path = place(name="parcel/direct.so")
    (path.parent / "__init__.py").write_text("from . import direct")
    module = importlib.import_module("parcel").direct
    assert (module.__name__, module.__package__) == ("parcel.direct", "parcel")
    assert module.me.__module__ == "parcel.direct"


def test_reload_keeps_the_module(place):
    place()
    module = importlib.import_module("direct")
    module.executed = 2
    assert importlib.reload(module) is module
    assert module.executed == 2


def test_imported_again_is_another_module(place):
    place()
    first = importlib.import_module("direct")
    del sys.modules["direct"]
    second = importlib.import_module("direct")
    assert second is not first
    assert (first.me(), second.me()) == (first, second)


@extensions.frees_modules
def test_modules_are_freed(place):
    place()
    module = importlib.import_module("direct")
    gone, function = weakref.ref(module), module.me
    del module, sys.modules["direct"]
    gc.collect()
    assert function() is gone()
    del function
    gc.collect()
    assert gone() is None


@extensions.frees_modules
def test_a_module_that_is_made_and_not_executed(place):
    spec = importlib.util.spec_from_file_location("direct", str(place()))
    for _ in range(3):
        module = importlib.util.module_from_spec(spec)
        assert not hasattr(module, "executed")
        assert module.me() is module
        gone = weakref.ref(module)
        del module
        gc.collect()
        assert gone() is None


def test_the_binary_comes_before_its_stub(place, tmp_path):
    path = place()
    (tmp_path / "direct.py").write_text(stub_source("direct", path.name))
    assert importlib.import_module("direct").__file__ == str(path)


def test_the_same_file_with_its_tag_and_a_stub(place, tmp_path):
    path = place(name="direct.hpy0.so")
    (tmp_path / "direct.py").write_text(stub_source("direct", path.name))
    module = importlib.import_module("direct")
    assert (module.__file__, module.executed) == (str(path), 1)


def test_a_failed_import_can_be_tried_again(place):
    place("-DFAIL_ONCE")
    with pytest.raises(OSError, match="not yet"):
        importlib.import_module("direct")
    assert "direct" not in sys.modules
    assert importlib.import_module("direct").executed == 1


def test_version(place):
    place("-DVERSION=7")
    with pytest.raises(RuntimeError, match="'direct' requires unsupported version.* Requested version: 7.0"):
        importlib.import_module("direct")


def test_null_definition(place):
    place("-DNOTHING")
    with pytest.raises(RuntimeError, match="'HPyInit_direct' returned NULL"):
        importlib.import_module("direct")


CREATE = """
#include <hpy.h>
HPyDef_SLOT(create, HPy_mod_create)
static HPy create_impl(HPyContext *ctx, HPy spec) { %s }
static HPyDef *defines[] = {&create, NULL};
static HPyModuleDef def = {.defines = defines};
HPy_MODINIT(odd, def)
"""


def test_an_object_that_is_no_module(place):
    body = """
        HPy types = HPyImport_ImportModule(ctx, "types");
        HPy namespace = HPy_GetAttr_s(ctx, types, "SimpleNamespace");
        HPy result = HPy_CallTupleDict(ctx, namespace, HPy_NULL, HPy_NULL);
        HPy_Close(ctx, types);
        HPy_Close(ctx, namespace);
        return result;
    """
    path = place(source=extensions.build("odd", "universal", CREATE % body), name="odd.so")
    odd = importlib.import_module("odd")
    assert type(odd).__name__ == "SimpleNamespace"
    assert odd.__file__ == str(path)


def test_a_create_that_fails(place):
    body = 'HPyErr_SetString(ctx, ctx->h_OSError, "cannot"); return HPy_NULL;'
    place(source=extensions.build("odd", "universal", CREATE % body), name="odd.so")
    with pytest.raises(OSError, match="cannot"):
        importlib.import_module("odd")


def test_mode_by_environment(place, monkeypatch):
    place()
    monkeypatch.setenv("HPY", "other:debug,direct:universal")
    assert importlib.import_module("direct").ctx_name().startswith("HPy Universal ABI")
    del sys.modules["direct"]
    monkeypatch.setenv("HPY", "direct:wrong")
    with pytest.raises(ValueError, match="invalid HPy mode: direct:wrong"):
        importlib.import_module("direct")
    monkeypatch.setenv("HPY", "direct:debug")
    # Each mode needs a file of its own; CPython looks for the longest suffix first.
    _, second, third = ("direct" + suffix for suffix in importlib.machinery.EXTENSION_SUFFIXES[:-4:-1])
    if not extensions.THUNKS:
        place(name=second)
    try:
        module = importlib.import_module("direct")
    except NotImplementedError as error:
        assert "debug" in str(error)
    else:
        assert module.ctx_name().startswith("HPy Debug Mode ABI")
    monkeypatch.delenv("HPY")
    sys.modules.pop("direct", None)
    if not extensions.THUNKS:
        place(name=third)
    assert importlib.import_module("direct").ctx_name().startswith("HPy Universal ABI")


def test_log(place, monkeypatch, capsys):
    place()
    monkeypatch.setenv("HPY_LOG", "1")
    importlib.import_module("direct")
    assert capsys.readouterr().out == "Loading 'direct' in HPy universal mode\n"


def run(code: str, folder: pathlib.Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder), *sys.path])
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    "missing",
    ["sys.modules['hpy'] = None", "sys.modules['hpy.universal'] = None", "import hpy.universal; del hpy.universal._direct"],
)
def test_without_the_runtime(place, missing):
    code = f"""
        import sys
        {missing}
        try:
            import direct
        except ImportError as error:
            print(error)
            print(error.__cause__ is not None)
        print("direct" in sys.modules)
    """
    ran = run(code, place().parent)
    assert ran.stderr == ""
    lines = ran.stdout.splitlines()
    assert "pip install hpy-rs" in lines[0] and "direct" in lines[0]
    assert lines[1:] == ["True", "False"]


def test_once_the_runtime_is_there_the_import_works(place):
    code = """
        import sys
        sys.modules["hpy"] = None
        for _ in range(3):
            try:
                import direct
            except ImportError:
                pass
        del sys.modules["hpy"]
        import direct
        print(direct.executed)
    """
    ran = run(code, place().parent)
    assert (ran.stdout, ran.stderr) == ("1\n", "")


WITHOUT_IN_A_SUBINTERPRETER = """
    import sys
    sys.path.insert(0, {tests!r})
    from subinterpreters import Failed, interpreter
    sys.modules["hpy"] = None
    for _ in range(2):
        with interpreter({kind!r}) as other:
            for _ in range(2):
                try:
                    other.run("import sys\\n{inside}\\nimport {name} as m")
                except Failed as error:
                    print(error.kind, error.message)
                else:
                    print("imported")
            assert other.run("import sys; result = {name!r} in sys.modules") is {imported}
"""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["direct", "rust_ext"])
@pytest.mark.parametrize("inside", ["sys.modules['hpy'] = None", "pass"])
def test_without_the_runtime_in_a_subinterpreter(place, kind, name, inside):
    if name == "direct":
        folder = place().parent
    else:
        folder = place(source=rust_extension.binary(), name="rust_ext.so").parent
    # From 3.13 on CPython asks a binary in the main interpreter, which has no runtime in any case here.
    imported = inside == "pass" and sys.version_info < (3, 13)
    if imported and not extensions.THUNKS:
        pytest.skip("without thunks a binary serves one interpreter")
    tests = os.path.dirname(__file__)
    ran = run(
        WITHOUT_IN_A_SUBINTERPRETER.format(tests=tests, kind=kind, name=name, inside=inside, imported=imported), folder
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert len(lines) == 4
    if imported:
        assert set(lines) == {"imported"}
    else:
        assert all(line.startswith(f"ImportError {name} ") for line in lines)
        assert all(("main interpreter" if inside == "pass" else "pip install hpy-rs") in line for line in lines)


def test_no_link_to_libpython():
    if shutil.which("readelf") is None:
        pytest.skip("needs readelf")
    out = subprocess.run(["readelf", "-d", str(binary())], capture_output=True, text=True, check=True).stdout
    assert "libpython" not in out
    library = sysconfig.get_config_var("LDLIBRARY") or "libpython"
    assert library not in out


def test_many_threads_import_at_once(place):
    place()
    for _ in range(5):
        sys.modules.pop("direct", None)
        barrier = threading.Barrier(40)
        found = []

        def work():
            barrier.wait()
            found.append(importlib.import_module("direct"))

        threads = [threading.Thread(target=work) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 40
        assert all(module is found[0] and module.executed == 1 for module in found)


@extensions.frees_modules
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")
def test_importing_again_and_again_uses_no_more_memory(place):
    place()

    def load(times: int) -> None:
        for _ in range(times):
            sys.modules.pop("direct", None)
            importlib.import_module("direct")

    load(1000)
    before = mapped()
    load(5000)
    # 5000 modules are at least 5 MB if nothing of them is freed.
    assert mapped() - before < 2_000_000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flag, text", [("-DVERSION=7", "Requested version: 7.0"), ("-DNOTHING", "returned NULL")])
def test_refused_in_a_subinterpreter(place, kind, flag, text):
    folder = place(flag).parent
    with interpreter(kind) as other:
        with pytest.raises(Failed) as caught:
            other.run("import direct", folder)
        assert caught.value.kind == "RuntimeError"
        assert text in caught.value.message
        assert other.run("import sys; result = 'direct' in sys.modules") is False


@pytest.mark.parametrize("kind", KINDS)
def test_log_and_mode_in_a_subinterpreter(place, kind):
    folder = place().parent
    code = """
        import io, os, sys
        os.environ.update(HPY="direct:debug", HPY_LOG="1")
        sys.stdout = io.StringIO()
        import direct
        result = [direct.ctx_name(), sys.stdout.getvalue()]
    """
    with interpreter(kind) as other:
        name, log = other.run(code, folder)
    for variable in ("HPY", "HPY_LOG"):
        # The other interpreter's os.environ also writes to the environment of the process.
        os.unsetenv(variable)
    assert name.startswith("HPy Debug Mode ABI")
    assert log == "Loading 'direct' in HPy universal mode with a debug context\n"

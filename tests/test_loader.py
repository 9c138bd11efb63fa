"""hpy.universal: what it loads, what it refuses and how it says so, HPY and HPY_LOG, stub files."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import textwrap

import hpy.universal
import pytest

import extensions
from hpy.devel.stub import stub_source
from memory_use import mapped

# A module whose symbols are written out, so that each can be wrong. -D options choose what.
RAW = """
#define HPY_NO_DIRECT
#include <hpy.h>
#ifndef MAJOR
#  define MAJOR HPY_ABI_VERSION
#endif
#ifndef MINOR
#  define MINOR HPY_ABI_VERSION_MINOR
#endif
#ifndef DEFINITION
#  define DEFINITION &def
#endif

HPyContext *_ctx_for_trampolines;
static uint32_t extensions_version;

HPyDef_METH(seen, "seen", HPyFunc_NOARGS)
static HPy seen_impl(HPyContext *ctx, HPy self) { return HPyLong_FromUInt32_t(ctx, extensions_version); }
HPyDef_METH(ctx_name, "ctx_name", HPyFunc_NOARGS)
static HPy ctx_name_impl(HPyContext *ctx, HPy self) { return HPyUnicode_FromString(ctx, ctx->name); }
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
    return 0;
}
static HPyDef *defines[] = {&seen, &ctx_name, &exec, NULL};
static HPyModuleDef def = {.doc = "a module", .defines = defines};

HPy_EXPORTED_FUNC uint32_t get_required_hpy_major_version_raw(void);
uint32_t get_required_hpy_major_version_raw(void) { return MAJOR; }
HPy_EXPORTED_FUNC uint32_t get_required_hpy_minor_version_raw(void);
uint32_t get_required_hpy_minor_version_raw(void) { return MINOR; }
#ifndef NO_CONTEXT
HPy_EXPORTED_FUNC void HPyInitGlobalContext_raw(HPyContext *ctx);
void HPyInitGlobalContext_raw(HPyContext *ctx) { _ctx_for_trampolines = ctx; }
#endif
#ifndef NO_INIT
HPy_EXPORTED_FUNC HPyModuleDef *HPyInit_raw(void);
HPyModuleDef *HPyInit_raw(void) { return DEFINITION; }
#endif
#ifdef WITH_EXTENSIONS
HPy_EXPORTED_FUNC void HPyInitExtensions_raw(uint32_t version);
void HPyInitExtensions_raw(uint32_t version) { extensions_version = version; }
#endif
#ifdef FLAGS
HPy_EXPORTED_FUNC const uint32_t hpy_module_flags_raw;
const uint32_t hpy_module_flags_raw = FLAGS;
#endif
"""


def raw(*flags: str) -> pathlib.Path:
    return extensions.build("raw", "universal", RAW, flags)


def load(path, name: str = "raw", **options):
    spec = importlib.util.spec_from_file_location(name, str(path))
    return hpy.universal.load(name, path if isinstance(path, bytes) else str(path), spec, **options)


def run(code: str, *paths: object, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs code in a fresh interpreter with `paths` in front of sys.path."""
    own = ("HPY", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    environment["PYTHONPATH"] = os.pathsep.join([*map(str, paths), *sys.path])
    environment.update(environ)
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=environment, capture_output=True, text=True, timeout=120
    )


def test_constants_and_version():
    assert (hpy.universal.MODE_UNIVERSAL, hpy.universal.MODE_DEBUG, hpy.universal.MODE_TRACE) == (0, 1, 2)
    version, revision = hpy.universal.get_version()
    assert version[0].isdigit() and isinstance(revision, str)


def test_load_makes_a_module_and_does_not_import_it():
    module = load(raw())
    assert module.__name__ == "raw"
    assert module.__doc__ == "a module"
    assert module.ctx_name().startswith("HPy Universal ABI")
    assert "raw" not in sys.modules


def test_load_takes_paths_of_every_kind(tmp_path):
    spec = importlib.util.spec_from_file_location("raw", str(raw()))
    assert hpy.universal.load("raw", raw(), spec).__name__ == "raw"
    assert hpy.universal.load("raw", os.fsencode(raw()), spec).__name__ == "raw"
    strange = tmp_path / "grün \N{SNOWMAN}.hpy0.so"
    shutil.copy(raw(), strange)
    assert load(strange).__name__ == "raw"
    undecodable = os.fsencode(tmp_path) + b"/\xff.hpy0.so"
    shutil.copy(os.fsencode(raw()), undecodable)
    assert hpy.universal.load("raw", os.fsdecode(undecodable), spec).__name__ == "raw"


def test_the_last_part_of_the_name_counts(tmp_path):
    spec = importlib.util.spec_from_file_location("package.raw", str(raw()))
    assert hpy.universal.load("package.raw", str(raw()), spec).__name__ == "package.raw"


@pytest.mark.parametrize("arguments", [(), ("raw",), (1, "x", None), ("raw", 1, None)])
def test_load_checks_its_arguments(arguments):
    with pytest.raises(TypeError):
        hpy.universal.load(*arguments)


def test_load_without_a_spec():
    with pytest.raises(AttributeError, match="name"):
        hpy.universal.load("raw", str(raw()), None)


@pytest.mark.parametrize("mode", [5, -2, 1000])
def test_unknown_mode_numbers(mode):
    with pytest.raises(ValueError, match=f"invalid HPy mode: {mode}"):
        load(raw(), mode=mode)


#: Every mode reads a binary in the same way, before the first call through a context.
MODES = (hpy.universal.MODE_UNIVERSAL, hpy.universal.MODE_DEBUG, hpy.universal.MODE_TRACE)


def refused(path, kind, name: str = "raw") -> str:
    """The message with which a binary is refused, in each mode."""
    messages = {refused_in(mode, path, kind, name) for mode in MODES}
    assert len(messages) == 1
    return messages.pop()


def refused_in(mode, path, kind, name) -> str:
    with pytest.raises(kind) as caught:
        load(path, name, mode=mode)
    assert f"'{name}'" in str(caught.value)
    if kind is ImportError:
        assert caught.value.name == name
        assert caught.value.path == str(path)
        assert str(path) in str(caught.value)
    return str(caught.value)


def test_no_such_file(tmp_path):
    assert "cannot read the file" in refused(tmp_path / "raw.hpy0.so", ImportError)


def test_a_folder(tmp_path):
    assert "not a file" in refused(tmp_path, ImportError)


def test_a_file_that_is_no_library(tmp_path):
    path = tmp_path / "raw.hpy0.so"
    path.write_text("not a library")
    assert "cannot load it as a shared library" in refused(path, ImportError)
    path.write_bytes(b"")
    assert "cannot load it as a shared library" in refused(path, ImportError)


def test_a_truncated_library(tmp_path):
    path = tmp_path / "raw.hpy0.so"
    whole = raw().read_bytes()
    # In the header, between the headers and the code, in the code: the system's loader would map what is not there.
    for length in (30, 64, 1000, 4096, 4097, 8192, 12289):
        path.write_bytes(whole[:length])
        assert "cannot load it as a shared library" in refused(path, ImportError), length


def test_a_library_of_another_machine(tmp_path):
    data = bytearray(raw().read_bytes())
    if data[:4] != b"\x7fELF":
        pytest.skip("not an ELF system")
    data[18] ^= 0xFF
    path = tmp_path / "raw.hpy0.so"
    path.write_bytes(data)
    assert "cannot load it as a shared library" in refused(path, ImportError)


def test_a_path_with_a_nul():
    spec = importlib.util.spec_from_file_location("raw", str(raw()))
    with pytest.raises(ValueError):
        hpy.universal.load("raw", "a\0b", spec)


def test_another_modules_name(tmp_path):
    message = refused(raw(), ImportError, "other")
    assert "get_required_hpy_major_version_other" in message
    assert "HPy_MODINIT(other, ...)" in message


def test_a_name_that_is_not_ascii():
    assert "ASCII" in refused(raw(), ImportError, "naïve")


@pytest.mark.parametrize("flag, symbol", [("NO_INIT", "HPyInit_raw"), ("NO_CONTEXT", "HPyInitGlobalContext_raw")])
def test_missing_symbols(flag, symbol):
    assert f"does not export '{symbol}'" in refused(raw(f"-D{flag}"), ImportError)


@pytest.mark.parametrize("flags, version", [(["-DMAJOR=7"], "7.0"), (["-DMINOR=3"], "0.3")])
def test_versions_that_are_not_there(flags, version):
    message = refused(raw(*flags), RuntimeError)
    assert f"Requested version: {version}. Current HPy version: 0.0." in message


@pytest.mark.parametrize("name", ["raw.so", "raw.hpy.so", "raw.hpyx.so", "raw.hp0.so"])
def test_no_abi_tag(tmp_path, name):
    path = tmp_path / name
    shutil.copy(raw(), path)
    assert "could not find HPy ABI tag" in refused(path, RuntimeError)


@pytest.mark.parametrize("name", ["raw.hpy1.so", "raw.hpy00001.so", "raw.hpy99999999999.so"])
def test_another_abi_tag(tmp_path, name):
    path = tmp_path / name
    shutil.copy(raw(), path)
    assert "mismatch between the HPy ABI tag" in refused(path, RuntimeError)


def test_the_tag_of_a_folder_does_not_count(tmp_path):
    folder = tmp_path / "x.hpy0"
    folder.mkdir()
    shutil.copy(raw(), folder / "raw.so")
    assert "could not find HPy ABI tag" in refused(folder / "raw.so", RuntimeError)


def test_hybrid_names(tmp_path):
    path = tmp_path / "raw.hpy0-cp399.so"
    shutil.copy(raw(), path)
    assert load(path).__name__ == "raw"


def test_a_null_definition():
    binary = raw("-DDEFINITION=NULL")
    for mode, name in zip(MODES, ("universal", "debug", "trace")):
        # It stays loaded, so without thunks each mode needs a copy.
        message = refused_in(mode, extensions.for_mode(binary, name), RuntimeError, "raw")
        assert "'HPyInit_raw' returned NULL" in message


def test_a_refused_binary_is_closed_again(tmp_path):
    path = tmp_path / "raw.so"
    shutil.copy(raw(), path)
    for _ in range(3):
        refused(path, RuntimeError)
    if os.path.exists("/proc/self/maps"):
        with open("/proc/self/maps", "rb") as maps:
            assert os.fsencode(path) not in maps.read()


def test_a_failed_load_leaves_nothing_behind():
    binary = raw("-DFAIL_ONCE")
    before = set(sys.modules)
    with pytest.raises(OSError, match="not yet"):
        load(binary)
    assert set(sys.modules) == before
    assert load(binary).seen() == 0


def test_extensions_are_promised_before_the_module_is_asked():
    assert load(raw()).seen() == 0
    # The binary takes the version alone, as those of version 1 do.
    assert load(raw("-DWITH_EXTENSIONS")).seen() == EXTENSIONS_VERSION


def test_flags_do_not_matter_in_the_main_interpreter():
    assert load(raw("-DFLAGS=3")).__name__ == "raw"


@extensions.frees_modules
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")
def test_loading_again_and_again_uses_no_more_memory():
    binary = raw()
    for _ in range(2000):
        load(binary)
    before = mapped()
    for _ in range(20000):
        load(binary)
    # 20000 modules are at least 20 MB if nothing of them is freed.
    assert mapped() - before < 2_000_000


# HPY and HPY_LOG


class Stub:
    """What a stub file hands over."""

    name = "stubbed"


def bootstrap(environ, name: str = "raw", full: str = "package.raw", mode: str = "universal"):
    path = str(extensions.for_mode(raw(), mode))
    spec = importlib.util.spec_from_file_location(full, path)
    return hpy.universal._load_bootstrap(name, full, "package", path, Stub, spec, environ)


def test_bootstrap_sets_the_attributes():
    module = bootstrap({})
    assert module.__name__ == "package.raw"
    assert module.__package__ == "package"
    assert module.__file__ == module.__spec__.origin == str(raw())
    assert module.__loader__ is Stub
    assert module.__spec__.name == "package.raw"


@pytest.mark.parametrize(
    "value",
    ["universal", "Universal", "UNIVERSAL", "raw:universal", "package.raw:universal", "other:debug", "a:debug,b:trace", "ra:debug"],
)
def test_universal_by_environment(value):
    assert bootstrap({"HPY": value}).ctx_name().startswith("HPy Universal ABI")


@pytest.mark.parametrize("value", ["debug", "Debug", "raw:debug", "package.raw:debug", "other:universal,raw:debug", "raw : debug"])
def test_debug_by_environment(value):
    try:
        module = bootstrap({"HPY": value}, mode="debug")
    except NotImplementedError as error:
        assert "debug" in str(error)
    else:
        assert module.ctx_name().startswith("HPy Debug Mode ABI")


def test_trace_by_environment():
    try:
        module = bootstrap({"HPY": "raw:trace"}, mode="trace")
    except NotImplementedError as error:
        assert "trace" in str(error)
    else:
        assert module.ctx_name().startswith("HPy Trace Mode ABI")


@pytest.mark.parametrize(
    "value, wrong",
    [
        ("fast", "fast"),
        ("", ""),
        ("d", "d"),
        ("debug+fast", "debug+fast"),
        ("raw:fast", "raw:fast"),
        ("raw:debug,universal", "universal"),
        ("other:fast", "other:fast"),
        ("raw:", "raw:"),
    ],
)
def test_wrong_modes_by_environment(value, wrong):
    with pytest.raises(ValueError, match=rf"^invalid HPy mode: {wrong.replace('+', '[+]')}") as caught:
        bootstrap({"HPY": value})
    assert "universal, debug, trace" in str(caught.value)


def test_any_mapping_is_an_environment():
    class Mapping:
        def __getitem__(self, key):
            if key == "HPY":
                return "fast"
            raise KeyError(key)

    with pytest.raises(ValueError, match="invalid HPy mode: fast"):
        bootstrap(Mapping())


def test_an_environment_that_fails():
    class Failing:
        def __getitem__(self, key):
            raise OSError("no environment")

    with pytest.raises(OSError, match="no environment"):
        bootstrap(Failing())
    with pytest.raises(TypeError, match="HPY must be str, not int"):
        bootstrap({"HPY": 1})


def test_log_says_what_is_loaded(capsys):
    bootstrap({"HPY_LOG": ""})
    assert capsys.readouterr().out == "Loading 'raw' in HPy universal mode\n"
    bootstrap({})
    assert capsys.readouterr().out == ""


def test_log_without_a_stdout(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert bootstrap({"HPY_LOG": "1"}).__name__ == "package.raw"


# Stub files


@pytest.fixture
def package(tmp_path):
    """A folder with the package `box`, which has the module `raw` behind a stub file."""

    def make(binary: str = "raw.hpy0.so", file_name: str = "raw.py") -> pathlib.Path:
        folder = tmp_path / "box"
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        shutil.copy(raw(), folder / binary)
        (folder / file_name).write_text(stub_source("raw", binary))
        return tmp_path

    return make


#: hpy_sys::ext::HPY_EXTENSIONS_VERSION.
EXTENSIONS_VERSION = 2

IMPORT = """
    import importlib, sys
    import box.raw as raw
    assert raw is sys.modules["box.raw"] is sys.modules["box"].raw
    assert raw.__name__ == "box.raw" and raw.__package__ == "box", (raw.__name__, raw.__package__)
    assert raw.__spec__.name == "box.raw"
    assert raw.__spec__.origin == raw.__file__
    assert raw.__loader__ is raw.__spec__.loader
    assert raw.__doc__ == "a module"
    again = importlib.reload(raw)
    assert sys.modules["box.raw"] is again and again.ctx_name() == raw.ctx_name()
    assert "pkg_resources" not in sys.modules
    print(again.__file__)
"""


def test_stub_in_a_package(package):
    folder = package()
    ran = run(IMPORT, folder)
    assert ran.stderr == ""
    assert ran.stdout.strip() == str(folder / "box" / "raw.hpy0.so")


@pytest.mark.parametrize("bytecode", [True, False])
def test_stub_for_a_binary_without_a_tag(package, bytecode):
    # The suffix is none of CPython's own, so it looks at the stub file first, as PyPy does for NAME.so.
    folder = package("raw.direct")
    ran = run(IMPORT, folder, **({} if bytecode else {"PYTHONDONTWRITEBYTECODE": "1"}))
    assert ran.stderr == ""
    assert ran.stdout.strip() == str(folder / "box" / "raw.direct")
    cached = folder / "box" / "__pycache__" / "raw.hpy0.direct"
    if bytecode:
        assert cached.exists()
        assert sorted(path.name for path in cached.parent.glob("raw.hpy0*")) == ["raw.hpy0.direct"]
    else:
        assert not cached.exists()


def test_stub_follows_a_new_binary(package):
    folder = package("raw.direct")
    assert run("import box.raw", folder).stderr == ""
    binary = folder / "box" / "raw.direct"
    binary.unlink()
    shutil.copy(raw("-DWITH_EXTENSIONS"), binary)
    ran = run("import box.raw; print(box.raw.seen())", folder)
    assert (ran.stdout.strip(), ran.stderr) == (str(EXTENSIONS_VERSION), "")


def test_stub_in_a_folder_that_cannot_be_written(package, tmp_path):
    folder = package("raw.direct")
    # A file in the place of the folder: nobody, not even root, can write into it.
    (folder / "box" / "__pycache__").write_text("")
    ran = run(IMPORT, folder, TMPDIR=str(tmp_path))
    assert ran.stderr == ""
    assert list(tmp_path.glob("hpy-*")) == []


def test_stub_without_its_binary(package):
    for binary in ("raw.hpy0.so", "raw.direct"):
        folder = package(binary)
        (folder / "box" / binary).unlink()
        ran = run("import box.raw", folder)
        assert f"ImportError: {'HPy extension module' if '.hpy' in binary else 'box.raw'}" in ran.stderr
        assert str(folder / "box" / binary) in ran.stderr
        shutil.rmtree(folder / "box")


def test_stub_without_a_runtime(package):
    code = """
        import sys
        sys.modules["hpy.universal"] = None
        try:
            import box.raw
        except ImportError as error:
            print(error)
        print("box.raw" in sys.modules)
    """
    ran = run(code, package())
    assert ran.stdout == "box.raw is an HPy module and there is no HPy runtime: pip install hpy-rs\nFalse\n"


def test_stub_with_pypys_own_runtime(package):
    code = """
        import sys, types
        import hpy.universal
        sys.modules["_hpy_universal"] = hpy.universal
        sys.modules["hpy.universal"] = None
        import box.raw
        print(box.raw.ctx_name())
    """
    ran = run(code, package())
    assert ran.stderr == ""
    assert ran.stdout.startswith("HPy Universal ABI")


def test_stub_honours_the_environment(package):
    folder = package()
    ran = run("import box.raw", folder, HPY_LOG="1")
    assert ran.stdout == "Loading 'raw' in HPy universal mode\n"
    ran = run("import box.raw", folder, HPY="box.raw:wrong")
    assert "ValueError: invalid HPy mode: box.raw:wrong" in ran.stderr


def test_stub_source_refuses_what_cannot_work():
    with pytest.raises(ValueError, match="last part"):
        stub_source("box.raw", "raw.hpy0.so")
    with pytest.raises(ValueError, match="file name"):
        stub_source("raw", "lib/raw.hpy0.so")
    with pytest.raises(ValueError, match="extension"):
        stub_source("raw", "raw")


# Without thunks


def test_without_thunks_a_binary_serves_one_context():
    code = """
        import importlib.util, sys
        import hpy.universal as universal
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        load = '''
        import sys; sys.path[:0] = %r
        import importlib.util, hpy.universal
        spec = importlib.util.spec_from_file_location("raw", %r)
        try:
            print(hpy.universal.load("raw", %r, spec).ctx_name())
        except ImportError as error:
            print("ImportError:", error)
        '''
        import textwrap
        load = textwrap.dedent(load) % (sys.path, PATH, PATH)
        # Another binary first: what one binary took is not given back with the next.
        other = importlib.util.spec_from_file_location("raw", OTHER)
        universal.load("raw", OTHER, other)
        exec(load)
        exec(load)
        for _ in range(2):
            one = interpreters.create()
            interpreters.run_string(one, load)
            interpreters.destroy(one)
        sys.stdout.flush()
    """
    code = f"PATH, OTHER = {str(raw())!r}, {str(raw('-DFLAGS=0'))!r}\n" + textwrap.dedent(code)
    name = "HPy Universal ABI"
    lines = run(code, HPY_RS_THUNKS="0")
    assert lines.stderr == ""
    first, second, *others = lines.stdout.splitlines()
    assert first.startswith(name) and second.startswith(name)
    assert len(others) == 2
    for line in others:
        assert line.startswith("ImportError:") and "HPY_RS_THUNKS=0" in line
    with_thunks = run(code)
    assert with_thunks.stderr == ""
    assert [line.startswith(name) for line in with_thunks.stdout.splitlines()] == [True] * 4


def test_without_thunks_a_binary_is_free_again_with_its_interpreter():
    code = f"""
        import sys, textwrap
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        load = '''
        import sys; sys.path[:0] = %r
        import importlib.util, hpy.universal
        spec = importlib.util.spec_from_file_location("raw", %r)
        print(hpy.universal.load("raw", %r, spec).seen(), flush=True)
        '''
        load = textwrap.dedent(load) % (sys.path, {str(raw())!r}, {str(raw())!r})
        for _ in range(3):
            one = interpreters.create()
            interpreters.run_string(one, load)
            interpreters.destroy(one)
    """
    ran = run(code, HPY_RS_THUNKS="0")
    assert (ran.stdout, ran.stderr) == ("0\n0\n0\n", "")


def test_without_thunks_a_binary_serves_one_mode():
    code = f"""
        import importlib.util
        import hpy.universal as universal
        spec = importlib.util.spec_from_file_location("raw", {str(raw())!r})
        for mode in (universal.MODE_UNIVERSAL, universal.MODE_DEBUG, universal.MODE_UNIVERSAL):
            try:
                print(universal.load("raw", {str(raw())!r}, spec, mode=mode).ctx_name())
            except ImportError as error:
                print("ImportError:", error)
    """
    ran = run(code, HPY_RS_THUNKS="0")
    assert ran.stderr == ""
    first, second, third = ran.stdout.splitlines()
    assert first == third and first.startswith("HPy Universal ABI")
    assert second.startswith("ImportError:") and "in another mode" in second
    ran = run(code)
    assert ran.stderr == ""
    assert ran.stdout.splitlines()[1].startswith("HPy Debug Mode ABI")

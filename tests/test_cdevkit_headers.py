"""hpy.h with every compiler and language here, without a warning; and what a binary exports."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import extensions

SOURCE = Path(__file__).parent / "ext" / "everything.h"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
#: Clang calls the names that begin with an underscore and a capital letter reserved only on demand, but C++ before 20
#: has no designated initialisers, which the macros use under __extension__.
COMPILERS = {
    "gcc-c99": ("gcc", "c", ["-std=c99"]),
    "gcc-c17-O3": ("gcc", "c", ["-std=c17", "-O3"]),
    "gcc-gnu89-O0": ("gcc", "c", ["-std=gnu99", "-O0"]),
    "g++-11": ("g++", "c++", ["-std=c++11"]),
    "g++-20": ("g++", "c++", ["-std=c++20", "-O2"]),
    "clang-c99": ("clang", "c", ["-std=c99"]),
    "clang-c17-O3": ("clang", "c", ["-std=c17", "-O3"]),
    "clang++-11": ("clang++", "c++", ["-std=c++11"]),
    "clang++-20": ("clang++", "c++", ["-std=c++20", "-O2"]),
}
ABIS = ["universal", "hybrid", "cpython"]


def flags(abi: str) -> list[str]:
    devel = extensions.devel()
    words = [f"-D{name}" for name, _ in devel.get_define_macros(abi)]
    if abi == "universal":
        words.append(f"-I{devel.get_include_dir_forbid_python_h()}")
    words += [f"-I{folder}" for folder in devel.get_extra_include_dirs()]
    # CPython's headers are not ours to keep free of warnings.
    return words + ["-isystem", sysconfig.get_path("include")]


def compiler_of(name: str) -> tuple[str, str, list[str]]:
    command, language, options = COMPILERS[name]
    if shutil.which(command) is None:
        pytest.skip(f"{command} is not here")
    return command, language, options


def run(*words: object, ok: bool = True) -> str:
    done = subprocess.run(
        [str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300
    )
    assert (done.returncode == 0) == ok, done.stdout
    return done.stdout


def libraries(abi: str) -> list[str]:
    return (extensions.devel().get_static_libs("cpython") or []) if abi == "cpython" else []


def test_there_is_at_least_one_compiler():
    assert any(shutil.which(command) for command, _, _ in COMPILERS.values())


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("name", COMPILERS)
def test_every_macro_compiles_without_a_warning(tmp_path, name, abi):
    command, language, options = compiler_of(name)
    run(command, *options, *WARNINGS, *flags(abi), "-c", "-x", language, SOURCE, "-o", tmp_path / "everything.o")


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("name", COMPILERS)
def test_the_helpers_compile_without_a_warning(tmp_path, name, abi):
    command, language, options = compiler_of(name)
    for source in extensions.devel().get_extra_sources():
        run(command, *options, *WARNINGS, *flags(abi), "-c", "-x", language, source, "-o", tmp_path / "helper.o")


REPOSITORY = Path(__file__).parent.parent
C_FILES = [
    path
    for pattern in ("tests/ext/*.c", "tests/zoo/*.c", "examples/*/*.c", "examples/*/c/*.c")
    for path in sorted(REPOSITORY.glob(pattern))
]


@pytest.mark.parametrize(
    "name, abi",
    [(name, abi) for name in ("gcc-c99", "clang-c99") for abi in ABIS]
    + [(name, abi) for name in ("g++-20", "clang++-20") for abi in ("universal", "cpython")],
)
def test_every_test_extension_and_example_compiles_without_a_warning(name, abi):
    """C++ has designated initialisers from C++20 on only; examples and the zoo are C, the zoo is universal."""
    command, language, options = compiler_of(name)
    legacy = {path for path in C_FILES if re.search("Python[.]h|PyType_Slot", path.read_text())}
    folder = {"c": lambda name: name != "zoo" or abi == "universal", "c++": lambda name: name == "ext"}[language]
    chosen = [path for path in C_FILES if folder(path.parent.name)]
    assert len(chosen) > 15 and len(legacy) > 3
    # An implementation has the parameters that its signature says, used or not.
    more = ["-Wno-unused-parameter", *(["-Wno-missing-field-initializers"] if language == "c++" else [])]
    folders = [f"-I{REPOSITORY / 'tests' / folder}" for folder in ("ext", "zoo")]
    compile_ = [command, "-fsyntax-only", "-x", language, *options, *WARNINGS, *more, *flags(abi), *folders]
    posix = ["-D_POSIX_C_SOURCE=200809L"] if abi == "universal" else []
    run(*compile_, *posix, *(path for path in chosen if path not in legacy))
    if abi != "universal":
        # The C API itself stores functions in `void *`.
        run(*compile_, "-Wno-pedantic", "-Wno-write-strings", *(path for path in chosen if path in legacy))


def build(tmp_path: Path, name: str, abi: str, source: Path = SOURCE, module: str = "everything", *more: str) -> Path:
    """A binary of `source`, with the helpers, compiled by the compiler `name`."""
    command, language, options = compiler_of(name)
    objects = []
    for number, (path, kind) in enumerate(
        [(source, language), *((path, "c") for path in extensions.devel().get_extra_sources())]
    ):
        objects.append(tmp_path / f"{number}.o")
        chosen = command if kind == language else command.replace("++", "cc" if command == "g++" else "")
        standard = options if kind == language else ["-std=c99"]
        run(chosen, *standard, *more, "-fPIC", *flags(abi), "-c", "-x", kind, path, "-o", objects[-1])
    output = tmp_path / (module + extensions.suffix(abi))
    run(command, "-shared", *objects, *libraries(abi), "-o", output)
    return output


def load(path: Path, abi: str, name: str = "everything"):
    variant = next(v for v in extensions.VARIANTS.values() if v.abi == abi and v.mode in ("universal", "cpython"))
    return extensions.load(name, path, variant)


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("name", ["gcc-c99", "g++-11", "clang-c17-O3", "clang++-11"])
def test_the_same_source_works_in_c_and_cpp(tmp_path, name, abi):
    module = load(build(tmp_path, name, abi), abi)
    assert module.noargs() == (None, True)
    assert module.one(41) == 42
    assert module.varargs(1, 2) == [1, 2]
    assert module.keywords(1, a=2) == "1 1"
    assert module.released() is None
    assert "everything.capsule" in repr(module.capsule())
    thing = module.Thing()
    assert repr(thing) == "Thing(7)"
    assert thing.number == thing.got == thing.both == 7
    thing.put = 8
    assert thing > module.Thing() and thing != module.Thing()
    with pytest.raises(BufferError):
        memoryview(thing)


def exports(path: Path) -> set[str]:
    lines = run("nm", "-D", "--defined-only", path).splitlines()
    return {line.split()[-1] for line in lines}


UNIVERSAL_EXPORTS = {
    "get_required_hpy_major_version_everything",
    "get_required_hpy_minor_version_everything",
    "HPyInitExtensions_everything",
    "HPyInitGlobalContext_everything",
    "HPyInit_everything",
    "PyInit_everything",
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads an ELF file")
@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("name", ["gcc-c99", "g++-11"])
def test_exports(tmp_path, name, abi):
    path = build(tmp_path, name, abi, SOURCE, "everything", "-fvisibility=hidden")
    assert exports(path) == ({"PyInit_everything"} if abi == "cpython" else UNIVERSAL_EXPORTS)
    path = build(tmp_path, name, abi, SOURCE, "everything", "-fvisibility=hidden", "-DHPY_NO_SHORTCUTS")
    assert exports(path) == (
        {"PyInit_everything"} if abi == "cpython" else UNIVERSAL_EXPORTS - {"HPyInitExtensions_everything"}
    )


@pytest.mark.skipif(sys.platform != "linux", reason="reads an ELF file")
def test_the_cpython_abi_adds_little(tmp_path):
    minimal = tmp_path / "minimal.c"
    minimal.write_text('#include <hpy.h>\nstatic HPyModuleDef d = {.doc = "x"};\nHPy_MODINIT(minimal, d)\n')
    plain = tmp_path / "plain.c"
    plain.write_text(
        '#include <Python.h>\nstatic PyModuleDef d = {PyModuleDef_HEAD_INIT, "plain", "x", 0};\n'
        "PyMODINIT_FUNC PyInit_plain(void) { return PyModuleDef_Init(&d); }\n"
    )
    sizes = []
    for source, more in ((minimal, [*extensions.devel().get_extra_sources(), *libraries("cpython")]), (plain, [])):
        output = tmp_path / (source.stem + ".so")
        command = extensions.compiler()
        run(*command, "-O2", "-shared", "-fPIC", "-s", "-Wl,--gc-sections", *flags("cpython"), source, *more, "-o", output)
        sizes.append(output.stat().st_size)
    assert sizes[0] - sizes[1] <= 200_000


def test_two_extensions_of_the_cpython_abi_do_not_meet(tmp_path):
    source = tmp_path / "counter.c"
    source.write_text(
        "#include <hpy.h>\nstatic HPyGlobal g;\n"
        'HPyDef_METH(put, "put", HPyFunc_O)\n'
        "static HPy put_impl(HPyContext *ctx, HPy self, HPy arg)\n"
        "{ (void)self; HPyGlobal_Store(ctx, &g, arg); return HPy_Dup(ctx, ctx->h_None); }\n"
        'HPyDef_METH(get, "get", HPyFunc_NOARGS)\n'
        "static HPy get_impl(HPyContext *ctx, HPy self) { (void)self; return HPyGlobal_Load(ctx, g); }\n"
        "static HPyDef *defines[] = {&put, &get, NULL};\nstatic HPyGlobal *globals[] = {&g, NULL};\n"
        "static HPyModuleDef def = {.defines = defines, .globals = globals};\nHPy_MODINIT(NAME, def)\n"
    )
    modules = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        path = build(folder, "gcc-c99", "cpython", source, name, f"-DNAME={name}")
        modules.append(load(path, "cpython", name))
    modules[0].put("one")
    modules[1].put("two")
    assert [module.get() for module in modules] == ["one", "two"]


def compile_error(tmp_path: Path, abi: str, body: str, *more: str) -> str:
    source = tmp_path / "wrong.c"
    source.write_text(body)
    return run("gcc", *more, *flags(abi), "-c", source, "-o", tmp_path / "wrong.o", ok=False)


@pytest.mark.parametrize("optimised", ["-O0", "-O2"])
@pytest.mark.parametrize(
    "call", ["(void)HPy_AsPyObject(ctx, h);", "cpy_PyObject *o = NULL; (void)HPy_FromPyObject(ctx, o); (void)h;"]
)
def test_legacy_calls_are_errors_in_universal_builds(tmp_path, call, optimised):
    body = "#include <hpy.h>\nvoid f(HPyContext *ctx, HPy h);\nvoid f(HPyContext *ctx, HPy h) { %s }\n" % call
    text = compile_error(tmp_path, "universal", body, optimised)
    assert "Cannot use legacy functions when targeting the HPy Universal ABI" in text


def test_python_h_is_an_error_in_universal_builds(tmp_path):
    text = compile_error(tmp_path, "universal", "#include <hpy.h>\n#include <Python.h>\n")
    assert "It is forbidden to #include <Python.h> when targeting the HPy Universal ABI" in text


def test_an_abi_must_be_chosen_and_only_one(tmp_path):
    source = tmp_path / "none.c"
    source.write_text("#include <hpy.h>\n")
    include = [f"-I{folder}" for folder in extensions.devel().get_extra_include_dirs()]
    assert "No HPy ABI is chosen" in run("gcc", *include, "-c", source, "-o", tmp_path / "x.o", ok=False)
    assert "Conflicting HPy ABIs" in compile_error(tmp_path, "universal", "#include <hpy.h>\n", "-DHPY_ABI_HYBRID")


EMBEDDED = """
#define HPY_EMBEDDED_MODULES
#include <hpy.h>
HPy_MOD_EMBEDDABLE(NAME)
HPyDef_METH(NAME_f, "f", HPyFunc_NOARGS)
static HPy NAME_f_impl(HPyContext *ctx, HPy self)
{
    (void)self;
    return HPyUnicode_FromString(ctx, "NAME");
}
static HPyDef *defines[] = {&NAME_f, NULL};
static HPyModuleDef def = {"the module NAME", 0, NULL, defines, NULL};
HPy_MODINIT(NAME, def)
"""


@pytest.mark.parametrize("compiler", ["gcc", "g++"])
@pytest.mark.parametrize("abi", ABIS)
def test_several_modules_in_one_binary(tmp_path, abi, compiler):
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not here")
    sources = []
    for name in ("left", "right"):
        sources.append(tmp_path / (f"{name}.c" if compiler == "gcc" else f"{name}.cpp"))
        sources[-1].write_text(EMBEDDED.replace("NAME", name))
    helpers = []
    for source in extensions.devel().get_extra_sources():
        helpers.append(tmp_path / (Path(source).stem + ".o"))
        run("gcc", "-fPIC", *flags(abi), "-c", source, "-o", helpers[-1])
    output = tmp_path / f"left{extensions.suffix(abi)}"
    run(compiler, "-shared", "-fPIC", *WARNINGS, *flags(abi), *sources, *helpers, *libraries(abi), "-o", output)
    other = output.with_name(f"right{extensions.suffix(abi)}")
    other.symlink_to(output)
    assert load(output, abi, "left").f() == "left"
    assert load(other, abi, "right").f() == "right"


def test_extensions_of_hpy_rs_are_there_if_asked_for(tmp_path):
    source = tmp_path / "fast.c"
    source.write_text(
        "#define HPY_USE_EXTENSIONS\n#define HPY_MODULE_FLAGS HPY_MODULE_GIL_NOT_USED\n#include <hpy.h>\n"
        'HPyDef_METH(total, "total", HPyFunc_O)\n'
        "static HPy total_impl(HPyContext *ctx, HPy self, HPy arg)\n{\n"
        "    double values[8], sum = 0;\n    const HPyExtensions *ext = HPy_Extensions(ctx);\n    (void)self;\n"
        "    if (ext == NULL || !HPy_HAS_EXTENSION(ext, read_f64))\n        return HPy_Dup(ctx, ctx->h_NotImplemented);\n"
        "    HPy_ssize_t count = ext->read_f64(ctx, arg, values, 8);\n    if (count < 0)\n        return HPy_NULL;\n"
        "    for (HPy_ssize_t i = 0; i < count; i++)\n        sum += values[i];\n"
        "    return HPyFloat_FromDouble(ctx, sum);\n}\n"
        "static HPyDef *defines[] = {&total, NULL};\nstatic HPyModuleDef def = {.defines = defines};\n"
        "HPy_MODINIT(fast, def)\n"
    )
    for abi in ("universal", "cpython"):
        folder = tmp_path / abi
        folder.mkdir()
        path = build(folder, "gcc-c99", abi, source, "fast")
        assert load(path, abi, "fast").total([1, 2.5]) == 3.5
        if abi == "universal" and sys.platform == "linux":
            assert {"HPyInitExtensions_fast", "hpy_module_flags_fast"} <= exports(path)


def test_names_of_files():
    from hpy.devel.abitag import get_hpy_ext_suffix, parse_ext_suffix

    linux = ".cpython-313t-x86_64-linux-gnu.so"
    assert parse_ext_suffix(linux) == ("cp313t", "so")
    assert parse_ext_suffix(".cp312-win_amd64.pyd") == ("cp312", "pyd")
    assert parse_ext_suffix(".pypy310-pp73-x86_64-linux-gnu.so") == ("pypy310-pp73", "so")
    assert get_hpy_ext_suffix("universal", linux) == ".hpy0.so"
    assert get_hpy_ext_suffix("hybrid", linux) == ".hpy0-cp313t.so"
    assert get_hpy_ext_suffix("cpython", linux) == linux
    for wrong in (".so", "", "cpython-311.so", ".a.b.c"):
        with pytest.raises(ValueError, match="expected an EXT_SUFFIX"):
            parse_ext_suffix(wrong)
    with pytest.raises(ValueError, match="expected one of the ABIs"):
        get_hpy_ext_suffix("debug")



"""hpy-config, and the examples that build with CMake and Meson."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import extensions

EXAMPLES = Path(__file__).parent.parent / "examples" / "builds"
ABIS = ["universal", "hybrid", "cpython"]
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def run(*words: object, **kwargs) -> str:
    env = dict(os.environ, PATH=PATH, **kwargs.pop("env", {}))
    done = subprocess.run(
        [str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, timeout=300, **kwargs
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def config(*options: str) -> str:
    return run(sys.executable, "-m", "hpy.devel.config", *options).strip()


def greeting_in(folder: Path) -> str:
    code = "import greeting; print(greeting.greet('you'), greeting.__doc__)"
    return run(sys.executable, "-c", code, env={"PYTHONPATH": str(folder)}).strip()


def tool(name: str) -> str:
    found = shutil.which(name, path=PATH)
    if found is None:
        pytest.skip(f"{name} is not here")
    return found


@pytest.mark.parametrize("abi", ABIS)
def test_one_compiler_call(tmp_path, abi):
    """The command line in hpy-config's own text."""
    flags = shlex.split(config("--abi", abi, "--cflags"))
    files = shlex.split(config("--abi", abi, "--sources", "--libs"))
    binary = tmp_path / f"greeting{config('--abi', abi, '--ext-suffix')}"
    run(*extensions.compiler(), "-shared", "-fPIC", *flags, EXAMPLES / "greeting.c", *files, "-o", binary)
    if abi != "cpython":
        (tmp_path / "greeting.py").write_text(config("--abi", abi, "--stub", "greeting") + "\n")
    assert greeting_in(tmp_path) == f"Hello, you! Greets, in the ABI {abi}"


def test_answers():
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    extension = suffix.rpartition(".")[2]
    assert config("--abi", "cpython", "--ext-suffix") == suffix
    assert config("--ext-suffix") == f".hpy0.{extension}"
    assert config("--ext-suffix", "--direct") == f".{extension}"
    assert config("--macros", "--abi", "hybrid") == "HPY HPY_ABI_HYBRID"
    folders = config("--includedirs", "--lines").splitlines()
    assert Path(folders[0], "Python.h").exists() and Path(folders[1], "hpy.h").exists()
    assert Path(config("--cmakedir"), "hpyConfig.cmake").exists()


def test_no_question_is_an_error():
    done = subprocess.run([sys.executable, "-m", "hpy.devel.config"], capture_output=True, text=True)
    assert done.returncode == 2 and "usage: hpy-config" in done.stdout


@pytest.mark.parametrize("abi", ABIS)
def test_cmake(tmp_path, abi):
    cmake = tool("cmake")
    # CMake makes makefiles unless told otherwise.
    generator = [] if shutil.which("make", path=PATH) else ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}"]
    run(
        cmake, *generator, "-S", EXAMPLES / "cmake", "-B", tmp_path, f"-DHPY_ABI={abi}",
        f"-Dhpy_DIR={config('--cmakedir')}", f"-DPython_EXECUTABLE={sys.executable}",
    )
    run(cmake, "--build", tmp_path)
    assert greeting_in(tmp_path) == f"Hello, you! Greets, in the ABI {abi}"


@pytest.mark.parametrize("abi", ABIS)
def test_meson(tmp_path, abi):
    meson = tool("meson")
    tool("ninja")
    # Meson runs `hpy-config` or `python3 -m hpy.devel.config`: this Python's.
    command = tmp_path / "bin" / "hpy-config"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m hpy.devel.config "$@"\n')
    command.chmod(0o755)
    env = {"PATH": os.pathsep.join([str(command.parent), PATH])}
    run_with = dict(os.environ, **env)
    for words in ([meson, "setup", tmp_path / "build", EXAMPLES / "meson", f"-Dabi={abi}"], [meson, "compile", "-C", tmp_path / "build"]):
        done = subprocess.run(
            [str(w) for w in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=run_with, timeout=300
        )
        assert done.returncode == 0, done.stdout
    assert greeting_in(tmp_path / "build") == f"Hello, you! Greets, in the ABI {abi}"

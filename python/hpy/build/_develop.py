"""Builds a project and installs it, editable, into the environment of the running Python."""

from __future__ import annotations

import importlib.metadata
import importlib.machinery
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, Mapping

from ._build import build, editable_files, make_editable, place_editable
from ._errors import BuildError
from ._metadata import dist_info_files
from ._project import read_project


def require_environment() -> None:
    """BuildError unless the running Python is that of an environment of the user's own."""
    if sys.prefix == sys.base_prefix and not os.environ.get("CONDA_PREFIX"):
        raise BuildError(
            f"{sys.executable} is no virtual environment, and packages for development do not belong beside the "
            "system's: python3 -m venv .venv, then . .venv/bin/activate"
        )


def _installer(python: str) -> List[str]:
    """The command that installs wheels, without the wheels."""
    if importlib.machinery.PathFinder.find_spec("pip"):
        return [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    uv = shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--quiet", "--python", python]
    raise BuildError(f"{python} has no pip, and there is no uv: python -m ensurepip")


def _is_installed(name: str, wanted: Mapping[str, bytes]) -> bool:
    """Whether the distribution is installed with exactly these files among its own."""
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    for file, content in wanted.items():
        try:
            if Path(str(distribution.locate_file(file))).read_bytes() != content:
                return False
        except OSError:
            return False
    return True


def _run(command: List[str]) -> None:
    done = subprocess.run(command)
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command[:4])} ... failed (exit status {done.returncode}, see above)")


def _missing(requirements: List[str]) -> List[str]:
    """Requirements without a marker of whose distribution nothing is installed."""
    missing = []
    for text in requirements:
        name = text.split(";")[0]
        for sign in "[(<>=!~@ ":
            name = name.split(sign)[0]
        try:
            importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(text)
    return missing


def develop(root: Path, options: Mapping[str, Any]) -> Dict[str, Any]:
    """Builds and installs the project in `root`; what was done, for a report."""
    require_environment()
    project = read_project(root)
    product = build(project, {"profile": "dev", **options})
    started = time.monotonic()
    folder = place_editable(product)
    info = {f"{project.file_name}.dist-info/{name}": data for name, data in
            dist_info_files(project, product.abi).items()}  # fmt: skip
    wanted = {**editable_files(product, folder), **info}
    fresh = not _is_installed(project.name, wanted)
    if fresh:
        command = _installer(sys.executable)
        needed = _missing([str(text) for text in project.metadata.get("dependencies", [])])
        if needed:
            _run([*command, *needed])
        with tempfile.TemporaryDirectory() as temporary:
            wheel = make_editable(root, Path(temporary), options, product)
            again = "--reinstall" if command[1:3] == ["pip", "install"] else "--force-reinstall"
            _run([*command, "--no-deps", again, str(wheel)])
    runtime = product.abi == "cpython" or sys.implementation.name != "cpython" or _has_runtime()
    return {
        "module": product.module,
        "folder": str(folder),
        "installed": fresh,
        "runtime": runtime,
        "size": max(len(data) for data in product.extension.values()),
        "cargo_seconds": product.seconds,
        "install_seconds": time.monotonic() - started,
    }


def _has_runtime() -> bool:
    """Whether this Python imports hpy.universal; asked of a new process, where no other `hpy` is in the way."""
    code = "import importlib.util as u, sys; sys.exit(not (u.find_spec('hpy') and u.find_spec('hpy.universal')))"
    return subprocess.run([sys.executable, "-c", code], cwd=tempfile.gettempdir()).returncode == 0

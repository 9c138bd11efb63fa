"""One wheel for every Python: the interpreter that tests first builds it, it and all others install that file."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import hpy.devel
from filelock import FileLock

import extensions
from test_cdevkit_builds import C_SOURCE, EXTENSION, SETUP, Project, metadata, project

__all__ = ["metadata", "project"]  # fixtures


def shared_wheel(project: Project) -> Path:
    """The wheel of the present dev kit, built if no interpreter did so yet."""
    digest = hashlib.sha256(extensions.kit_hash("universal") + SETUP.encode() + C_SOURCE.encode())
    for path in sorted(Path(hpy.devel.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    folder = extensions.CACHE / f"wheel-{digest.hexdigest()[:20]}"
    extensions.CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            project.pip("wheel", ".", "--wheel-dir", "dist", HPY_ABI="universal")
            shutil.copytree(project.folder / "dist", folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_the_wheel_that_another_python_built(project: Project, tmp_path: Path) -> None:
    wheel = shared_wheel(project)
    assert "-py3-none-" in wheel.name
    target = tmp_path / "target"
    project.pip("install", "--no-index", "--target", str(target), str(wheel))
    assert project.docs(target) == ("built for universal",) * 2
    code = "import sys; sys.path.insert(0, sys.argv[1]); import one, package.two as two; print(one.__file__, two.__file__)"
    files = project.python("-c", code, str(target)).split()
    assert files == [str(target / f"one.{EXTENSION}"), str(target / "package" / f"two.{EXTENSION}")]

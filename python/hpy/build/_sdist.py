"""Writes sdists: the files that cargo would package, and pyproject.toml's."""

from __future__ import annotations

import gzip
import io
import os
import re
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Dict, List

from ._errors import BuildError
from ._metadata import license_files, metadata_text
from ._project import Project, cargo, read_project
from ._wheel import timestamp


def _listed(project: Project) -> List[str]:
    """Files relative to the crate's folder."""
    done = subprocess.run(
        [cargo(), "package", "--list", "--allow-dirty", "--offline", "--manifest-path", str(project.manifest)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    if done.returncode != 0:
        raise BuildError(f"cargo cannot list the files of {project.package['name']}:\n{done.stderr.strip()}")
    names = done.stdout.splitlines()
    made = {"Cargo.toml.orig", ".cargo_vcs_info.json"}
    # Without git, cargo does not know what builds leave in the folder.
    left = () if ".cargo_vcs_info.json" in names else ("dist", "build", "target", ".venv", "venv", "__pycache__")
    return [name for name in names if name not in made and not set(name.split("/")[:-1]).intersection(left)]


def _outside(project: Project) -> Dict[str, str]:
    """Path dependencies that are not in the project's folder: name and path."""
    root = project.root.resolve()
    found = {}
    for dependency in project.package["dependencies"]:
        path = dependency.get("path")
        if path and root not in Path(path).resolve().parents:
            found[dependency["name"]] = path
    return found


def _manifest(project: Project) -> bytes:
    """Cargo.toml, with paths that lead out of the project made absolute."""
    text = project.manifest.read_text(encoding="utf-8")
    if re.search(r"\bworkspace\s*=\s*true", text):
        raise BuildError(
            f"{project.manifest} inherits from its workspace (`workspace = true`), which an sdist does not have: "
            "write the values out"
        )
    outside = _outside(project)
    if outside:
        names = ", ".join(f"{name} ({path})" for name, path in sorted(outside.items()))
        print(f"warning: the sdist can be built only where these path dependencies are: {names}", file=sys.stderr)
    paths = {os.path.realpath(path): path for path in outside.values()}

    def absolute(match: "re.Match[str]") -> str:
        full = os.path.realpath(project.manifest.parent / match[2])
        return f'{match[1]}"{Path(paths[full]).as_posix()}"' if full in paths else match[0]

    return re.sub(r'(\bpath\s*=\s*)"([^"\n]*)"', absolute, text).encode()


def make_sdist(root: Path, folder: Path) -> Path:
    """Writes the sdist of the project in `root` into `folder`; returns its path."""
    project = read_project(root)
    crate = project.manifest.parent
    files: Dict[str, Path] = {}
    for name in _listed(project):
        path = crate / name
        if path.is_file():
            files[os.path.relpath(path, root).replace(os.sep, "/")] = path
    wanted = [Path("pyproject.toml"), *license_files(project)]
    readme = project.metadata.get("readme")
    if isinstance(readme, dict):
        readme = readme.get("file")
    if readme:
        wanted.append(Path(readme))
    if project.module and "." not in project.module:
        wanted.append(Path(f"{project.module}.pyi"))
    for path in wanted:
        if (root / path).is_file():
            files[path.as_posix()] = root / path
    source = project.python_source
    if source is not None:
        for path in source.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".pyc", ".so", ".pyd"):
                files[path.relative_to(root).as_posix()] = path
    lock = Path(project.package["workspace_root"], "Cargo.lock")
    if "Cargo.lock" not in files and lock.is_file() and crate == root:
        files["Cargo.lock"] = lock
    outside = [name for name in files if name.startswith("../")]
    if outside:
        raise BuildError(f"an sdist has no place for files outside of the project: {', '.join(outside)}")
    content = {name: path.read_bytes() for name, path in files.items()}
    content[os.path.relpath(project.manifest, root).replace(os.sep, "/")] = _manifest(project)
    content["PKG-INFO"] = metadata_text(project, "universal").encode()
    return _write(folder / f"{project.file_name}.tar.gz", project.file_name, content, files)


def _write(path: Path, prefix: str, content: Dict[str, bytes], files: Dict[str, Path]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    seconds = int(time.mktime((*timestamp(), 0, 0, 0)) - time.timezone)
    made = path.with_name(f".{path.name}.{os.getpid()}")
    with open(made, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=seconds) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name in sorted(content):
                entry = tarfile.TarInfo(f"{prefix}/{name}")
                entry.size = len(content[name])
                entry.mtime = seconds
                executable = name in files and os.access(files[name], os.X_OK)
                entry.mode = 0o755 if executable else 0o644
                archive.addfile(entry, io.BytesIO(content[name]))
    os.replace(made, path)
    return path

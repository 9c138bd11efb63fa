"""The C helpers as a static library: compiled once per build, or once per machine and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from . import HPyDevel
from .abitag import parse_ext_suffix

NAME = "hpyhelpers"


def cache_folder() -> Path:
    """Where libraries are kept between builds: HPY_RS_CACHE, or where the system keeps such things."""
    given = os.environ.get("HPY_RS_CACHE")
    if given:
        return Path(given)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or tempfile.gettempdir()
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "hpy-rs"


def _key(devel: HPyDevel, hpy_abi: str, compiler: Any, debug: bool) -> str:
    """Differs where the library would."""
    digest = hashlib.sha256()
    command = getattr(compiler, "compiler_so", None) or [compiler.compiler_type]
    python = "" if hpy_abi == "universal" else parse_ext_suffix()[0]
    digest.update(repr((hpy_abi, python, bool(debug), list(command), compiler.include_dirs)).encode())
    files = [Path(path) for path in devel.get_extra_sources()]
    files += sorted(devel.include_dir.rglob("*.h"))
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:20]


def _compile(devel: HPyDevel, hpy_abi: str, compiler: Any, debug: bool, objects: Path, folder: Path) -> Path:
    """Compiles the helpers into a library in `folder`."""
    include_dirs = devel.get_extra_include_dirs()
    if hpy_abi == "universal":
        include_dirs = [str(devel.get_include_dir_forbid_python_h()), *include_dirs]
    # Sources by relative names, so that object files lie in `objects` and nowhere else.
    sources = objects / "src"
    sources.mkdir(parents=True, exist_ok=True)
    names = []
    for source in devel.get_extra_sources():
        shutil.copy2(source, sources)
        names.append(str(sources / os.path.basename(source)))
    made = compiler.compile(
        names,
        output_dir=str(objects),
        macros=devel.get_define_macros(hpy_abi),
        include_dirs=include_dirs,
        debug=debug,
    )
    compiler.create_static_lib(made, NAME, output_dir=str(folder), debug=debug)
    return folder / os.path.basename(compiler.library_filename(NAME, lib_type="static"))


def helpers_for_build(devel: HPyDevel, hpy_abi: str, compiler: Any, debug: bool, build_temp: str) -> str:
    """The helpers' library in the build's own folder; compiled again when they or the headers change."""
    folder = Path(build_temp).absolute() / f"hpy-{hpy_abi}-{_key(devel, hpy_abi, compiler, debug)}"
    library = folder / os.path.basename(compiler.library_filename(NAME, lib_type="static"))
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _compile(devel, hpy_abi, compiler, debug, folder / "objects", folder)
    return str(library)


def helpers_from_cache(devel: HPyDevel, hpy_abi: str, compiler: Any, debug: bool, build_temp: str) -> str:
    """The helpers' library that all builds of this machine share."""
    folder = cache_folder() / "helpers" / f"{hpy_abi}-{_key(devel, hpy_abi, compiler, debug)}"
    library = folder / os.path.basename(compiler.library_filename(NAME, lib_type="static"))
    if library.exists():
        return str(library)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=folder, prefix="making-"))
    except OSError:
        return helpers_for_build(devel, hpy_abi, compiler, debug, build_temp)
    try:
        os.replace(_compile(devel, hpy_abi, compiler, debug, making / "objects", making), library)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return str(library)

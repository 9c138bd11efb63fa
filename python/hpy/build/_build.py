"""From a project to its wheel: compiles, names, collects."""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Dict, Mapping, Optional

from . import _stubs
from ._binary import Platform, platform_of, stub_texts
from ._cargo import compile_library
from ._errors import BuildError
from ._metadata import dist_info_files
from ._project import Project, read_project
from ._wheel import write_wheel

#: The settings of one build, as in `pip install -C name=value`.
OPTIONS = frozenset({"abi", "profile", "features", "strip", "target", "locked"})
ABIS = ("universal", "cpython")
_MARK = "# Written by hpy.build from what the extension's Rust source says.\n"


@dataclass
class Product:
    """What a build has made."""

    project: Project
    platform: Platform
    #: The extension's full name, `pkg.native`.
    module: str
    abi: str
    #: Files of the extension by their names in a wheel.
    extension: Dict[str, bytes]
    seconds: float
    stubs: Dict[str, bytes] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        if self.abi == "universal":
            return f"py3-none-{self.platform.tag}"
        python = f"cp{sys.version_info[0]}{sys.version_info[1]}"
        threads = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
        return f"{python}-{python}{threads}-{self.platform.tag}"


def _abi(options: Mapping[str, Any]) -> str:
    abi = str(options.get("abi", "universal"))
    if abi not in ABIS:
        raise BuildError(f"the ABI of an extension in Rust is {' or '.join(ABIS)}, not {abi!r}")
    if abi == "cpython" and sys.implementation.name != "cpython":
        raise BuildError(f"the ABI cpython is built with the CPython that it is for, not with {sys.implementation.name}")
    return abi


def build(project: Project, options: Mapping[str, Any]) -> Product:
    """Compiles the extension and collects its files."""
    abi = _abi(options)
    built = compile_library(project, {**options, "abi": abi})
    data = built.library.read_bytes()
    platform = platform_of(data)
    modules = {module.name: module for module in map(_stubs.parse, stub_texts(data))}
    if not modules:
        raise BuildError(
            f"{built.library.name} has no Python module: write one with #[hpy::module], and build it with the same "
            "version of hpy-rs as this package"
        )
    name = project.module or (next(iter(modules)) if len(modules) == 1 else None)
    if name is None:
        raise BuildError(f"the library has the modules {', '.join(modules)}: [tool.hpy] module says which this is about")
    last = name.rpartition(".")[2]
    if last not in modules:
        raise BuildError(
            f"[tool.hpy] module = {name!r}, but the library has the module {', '.join(modules)}: name them alike"
        )
    suffix = platform.suffix if abi == "universal" else str(sysconfig.get_config_var("EXT_SUFFIX"))
    place = PurePosixPath(*name.split("."))
    files = {f"{place}{suffix}": data}
    if abi == "universal":
        from hpy.devel.stub import stub_source

        files[f"{place}.py"] = stub_source(last, f"{last}{suffix}").encode()
    return Product(project, platform, name, abi, files, built.seconds, _stub_files(project, name, modules[last]))


def _stub_files(project: Project, name: str, module: _stubs.Module) -> Dict[str, bytes]:
    """The `.pyi` files by their names in a wheel; the project's own take their place."""
    place = PurePosixPath(*name.split("."))
    made = {file: (_MARK + text).encode() for file, text in _stubs.files(module).items()}
    if "." not in name:
        # A module of one file has no folder for py.typed: type checkers look for NAME-stubs (PEP 561).
        own = project.root / f"{name}.pyi"
        if own.is_file():
            return {f"{name}-stubs/__init__.pyi": own.read_bytes()}
        return {f"{name}-stubs/{file}": text for file, text in made.items()}
    source = project.python_source
    written = None if source is None else source / f"{place}.pyi"
    if written is not None and written.is_file() and not written.read_text(encoding="utf-8").startswith(_MARK):
        return {}
    if len(made) == 1:
        return {f"{place}.pyi": made["__init__.pyi"], f"{place.parts[0]}/py.typed": b""}
    return {**{f"{place}/{file}": text for file, text in made.items()}, f"{place.parts[0]}/py.typed": b""}


def _python_files(project: Project, module: str) -> Dict[str, bytes]:
    """The files below python-source but what builds have left there."""
    source = project.python_source
    if source is None:
        if "." in module:
            raise BuildError(f"[tool.hpy] module = {module!r} is in a package: python-source names the folder it is in")
        return {}
    stem = str(PurePosixPath(*module.split(".")))
    files = {}
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if not path.is_file() or "__pycache__" in path.parts or path.suffix in (".pyc", ".pyo"):
            continue
        if path.suffix in (".so", ".pyd") and name.split(".")[0] == stem:
            continue
        files[name] = path.read_bytes()
    return files


def make_wheel(root: Path, folder: Path, options: Mapping[str, Any]) -> Path:
    """Builds the wheel of the project in `root` into `folder`; returns its path."""
    return wheel_of(build(read_project(root), options), folder)


def wheel_of(product: Product, folder: Path) -> Path:
    project = product.project
    files = _python_files(project, product.module)
    files.update(product.stubs)
    files.update(product.extension)
    return write_wheel(folder, project.file_name, product.tag, files, dist_info_files(project, product.abi))


def place_editable(product: Product) -> Path:
    """Puts the extension's files where the sources are imported from; returns that folder."""
    source = product.project.python_source
    folder = source if source is not None else product.project.build_folder / "editable"
    if source is None and "." in product.module:
        _python_files(product.project, product.module)  # says what is missing
    for name, data in {**product.stubs, **product.extension}.items():
        path = folder / name
        if path.name == "py.typed" and path.exists():
            continue
        try:
            if path.stat().st_size == len(data) and path.read_bytes() == data:
                continue
        except OSError:
            path.parent.mkdir(parents=True, exist_ok=True)
        # A new file in its place: a process that has the old one mapped keeps it.
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.write_bytes(data)
        os.replace(fresh, path)
    return folder


def editable_files(product: Product, folder: Path) -> Dict[str, bytes]:
    """The files of an editable wheel: a path for Python's `site`."""
    stem = product.project.file_name.partition("-")[0]
    return {f"_{stem}_editable.pth": f"{folder.resolve()}\n".encode()}


def make_editable(root: Path, folder: Path, options: Mapping[str, Any], product: Optional[Product] = None) -> Path:
    """Builds the extension in place and the wheel that points there; returns the wheel's path."""
    if product is None:
        product = build(read_project(root), {"profile": "dev", **options})
    files = editable_files(product, place_editable(product))
    project = product.project
    return write_wheel(folder, project.file_name, product.tag, files, dist_info_files(project, product.abi))

"""What pyproject.toml and Cargo.toml say of a project."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional

from ._errors import BuildError


def _toml() -> Any:
    """A module with `loads` for TOML, None where there is none."""
    import importlib

    # Before 3.11 the standard library has none; pip and setuptools carry one.
    for name in ("tomllib", "tomli", "pip._vendor.tomli", "setuptools._vendor.tomli"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def toml_requirements() -> List[str]:
    return [] if _toml() is not None else ["tomli>=1.1"]


def load_toml(path: Path) -> Dict[str, Any]:
    toml = _toml()
    if toml is None:
        raise BuildError(f"cannot read {path.name}: Python before 3.11 has no TOML reader, pip install tomli")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BuildError(f"cannot read {path}: {error.strerror}; an HPy project has this file") from None
    except UnicodeDecodeError as error:
        raise BuildError(f"{path} is not UTF-8: {error}") from None
    try:
        data: Dict[str, Any] = toml.loads(text)
    except ValueError as error:
        raise BuildError(f"{path} is no TOML: {error}") from None
    return data


def cargo() -> str:
    """The cargo command."""
    found = os.environ.get("CARGO") or shutil.which("cargo")
    if not found:
        raise BuildError("there is no cargo to build the extension with: install Rust, see https://rustup.rs")
    return found


def cargo_metadata(manifest: Path) -> Dict[str, Any]:
    """What `cargo metadata` says of the package of a manifest, with the keys `target_directory` and `workspace_root`."""
    if not manifest.is_file():
        raise BuildError(f"there is no {manifest}: an HPy project in Rust has a Cargo.toml; `cargo hpy new` makes one")
    done = subprocess.run(
        [cargo(), "metadata", "--no-deps", "--format-version", "1", "--manifest-path", str(manifest)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    if done.returncode != 0:
        raise BuildError(f"cargo cannot read {manifest}:\n{done.stderr.strip()}")
    said = json.loads(done.stdout)
    for package in said["packages"]:
        if os.path.samefile(package["manifest_path"], manifest):
            package["target_directory"] = said["target_directory"]
            package["workspace_root"] = said["workspace_root"]
            return dict(package)
    raise BuildError(f"{manifest} has no [package]: [tool.hpy] manifest-path names that of the extension")


#: The settings in [tool.hpy] and their types.
SETTINGS: Dict[str, Any] = {
    "module": str,
    "python-source": str,
    "manifest-path": str,
    "features": list,
    "profile": str,
    "strip": bool,
    # Read by hpy.devel for extensions in C.
    "hpy_abi": str,
    "hpy_direct": bool,
    "hpy_use_static_libs": bool,
}


@dataclass
class Project:
    """A project folder."""

    root: Path
    manifest: Path
    #: The table [project], with the dynamic parts filled in from Cargo.toml.
    metadata: Dict[str, Any]
    settings: Dict[str, Any]
    package: Dict[str, Any]
    scripts: Dict[str, Dict[str, str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.metadata["name"])

    @property
    def version(self) -> str:
        return str(self.metadata["version"])

    @property
    def file_name(self) -> str:
        """Name and version as in file names of wheels and sdists."""
        return f"{re.sub(r'[-_.]+', '_', self.name).lower()}-{self.version}"

    @property
    def module(self) -> Optional[str]:
        module = self.settings.get("module")
        return None if module is None else str(module)

    @property
    def python_source(self) -> Optional[Path]:
        folder = self.settings.get("python-source")
        if folder is None:
            return None
        path = Path(self.root, str(folder))
        if not path.is_dir():
            raise BuildError(f"[tool.hpy] python-source = {folder!r} is no folder in {self.root}")
        return path

    @property
    def build_folder(self) -> Path:
        """Where files of builds are kept between them."""
        return Path(self.package["target_directory"], "hpy", self.package["name"])

    @property
    def library(self) -> str:
        """The name of the crate's dynamic library."""
        for target in self.package["targets"]:
            if "cdylib" in target["crate_types"]:
                return str(target["name"])
        raise BuildError(f'{self.manifest} builds no Python extension: add [lib] with crate-type = ["cdylib"]')


_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_VERSION = re.compile(
    r"v?(?P<epoch>\d+!)?(?P<release>\d+(?:\.\d+)*)"
    r"(?:[-_.]?(?P<pre>alpha|beta|preview|pre|rc|a|b|c)[-_.]?(?P<pre_number>\d*))?"
    r"(?:-(?P<post_short>\d+)|[-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_number>\d*))?"
    r"(?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_number>\d*))?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?\Z",
    re.IGNORECASE,
)
_PRE = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}


def normal_version(version: str) -> str:
    """The version as PEP 440 writes it; Cargo's `1.0.0-alpha.1` is `1.0.0a1`."""
    match = _VERSION.match(version.strip())
    if not match:
        raise BuildError(f"the version {version!r} is none that Python packages can have, such as 1.2.0 or 1.2.0rc1")
    text = f"{int(match['epoch'][:-1])}!" if match["epoch"] and int(match["epoch"][:-1]) else ""
    text += ".".join(str(int(part)) for part in match["release"].split("."))
    if match["pre"]:
        pre = match["pre"].lower()
        text += _PRE.get(pre, pre) + str(int(match["pre_number"] or 0))
    if match["post_short"] or match["post"]:
        text += f".post{int(match['post_short'] or match['post_number'] or 0)}"
    if match["dev"]:
        text += f".dev{int(match['dev_number'] or 0)}"
    if match["local"]:
        text += "+" + re.sub(r"[-_]", ".", match["local"].lower())
    return text


#: What `dynamic` may list: Cargo.toml has it.
_DYNAMIC = ("version", "description", "license", "readme", "authors", "urls", "keywords")


def _from_cargo(key: str, package: Dict[str, Any]) -> Any:
    if key == "version":
        return package["version"]
    if key == "authors":
        people = []
        for author in package["authors"]:
            match = re.match(r"\s*([^<]*?)\s*(?:<([^>]*)>)?\s*\Z", author)
            person = {} if not match else {"name": match[1], "email": match[2]}
            people.append({part: value for part, value in person.items() if value})
        return people or None
    if key == "urls":
        names = {"homepage": "Homepage", "repository": "Repository", "documentation": "Documentation"}
        return {label: package[name] for name, label in names.items() if package.get(name)} or None
    return package.get(key) or None


def read_project(root: Path) -> Project:
    """The project in a folder. BuildError where its files do not say what a wheel needs."""
    data = load_toml(root / "pyproject.toml")
    settings = data.get("tool", {}).get("hpy", {})
    for key, value in settings.items():
        if key not in SETTINGS:
            known = ", ".join(key for key in SETTINGS if "_" not in key)
            raise BuildError(f"pyproject.toml: [tool.hpy] has no setting {key!r}; there is {known}")
        if not isinstance(value, SETTINGS[key]):
            raise BuildError(
                f"pyproject.toml: {key} in [tool.hpy] must be a {SETTINGS[key].__name__}, not {value!r}"
            )
    manifest = root / settings.get("manifest-path", "Cargo.toml")
    package = cargo_metadata(manifest)
    metadata = data.get("project")
    if not isinstance(metadata, dict):
        raise BuildError("pyproject.toml has no [project]: write at least its name and dynamic = [\"version\"]")
    metadata = dict(metadata)
    for key in metadata.get("dynamic", []):
        if key not in _DYNAMIC:
            raise BuildError(
                f"pyproject.toml: {key!r} cannot be dynamic, Cargo.toml does not have it; it has {', '.join(_DYNAMIC)}"
            )
        if key in metadata:
            raise BuildError(f"pyproject.toml: {key!r} is given in [project] and dynamic: remove one")
        value = _from_cargo(key, package)
        if value is None:
            raise BuildError(f"pyproject.toml says that {key!r} is dynamic, but Cargo.toml does not have it")
        metadata[key] = value
    name = metadata.get("name")
    if not isinstance(name, str) or not _NAME.match(name):
        raise BuildError(f"pyproject.toml: [project] name = {name!r} must be letters, digits, '.', '_' and '-'")
    if "version" not in metadata:
        raise BuildError('pyproject.toml: [project] has no version: add it, or dynamic = ["version"] for Cargo.toml\'s')
    metadata["version"] = normal_version(str(metadata["version"]))
    module = settings.get("module")
    if module is not None and not all(part.isidentifier() for part in module.split(".")):
        raise BuildError(f"pyproject.toml: [tool.hpy] module = {module!r} is no module name, such as pkg._native")
    return Project(root, manifest, metadata, settings, package)

"""Runs cargo and finds the library that it makes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping

from ._errors import BuildError
from ._project import Project, cargo


@dataclass
class Built:
    library: Path
    seconds: float


def compile_library(project: Project, options: Mapping[str, Any]) -> Built:
    """The library of the project. What cargo has to say goes to stderr as it comes. BuildError where it fails."""
    profile = str(options.get("profile") or project.settings.get("profile") or "release")
    abi = options.get("abi", "universal")
    features = [str(feature) for feature in project.settings.get("features", [])]
    features += [feature for feature in str(options.get("features", "")).replace(",", " ").split() if feature]
    environment = dict(os.environ)
    command = [cargo(), "build", "--lib", "--manifest-path", str(project.manifest), "--profile", profile]
    link: List[str] = []
    if abi == "cpython":
        features.append("hpy-rs/cpython")
        for name, value in c_api_settings().items():
            environment.setdefault(name, value)
        environment["PYO3_PYTHON"] = sys.executable
        if sys.platform == "darwin":
            # Python's symbols are there when the extension is loaded.
            command[1] = "rustc"
            link = ["--", "-C", "link-arg=-undefined", "-C", "link-arg=dynamic_lookup"]
    if features:
        command += ["--features", ",".join(features)]
    if options.get("target"):
        command += ["--target", str(options["target"])]
    if flag(options, "locked"):
        command.append("--locked")
    if flag(options, "strip", bool(project.settings.get("strip", False))):
        environment[f"CARGO_PROFILE_{profile.upper().replace('-', '_')}_STRIP"] = "symbols"
    command += ["--message-format", "json-render-diagnostics", *link]
    started = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", env=environment)
    if done.returncode != 0:
        raise BuildError(f"cargo could not compile {project.package['name']} (exit status {done.returncode}, see above)")
    return Built(_artifact(project, done.stdout), time.monotonic() - started)


def c_api_settings() -> Dict[str, str]:
    """What the build scripts of hpy-rs's feature `cpython` read: it compiles against this interpreter's version of the C API."""
    settings = {"PYO3_PYTHON": sys.executable, "PYO3_BUILD_EXTENSION_MODULE": "1"}
    if sysconfig.get_config_var("Py_GIL_DISABLED") and sys.version_info < (3, 14):
        # pyo3-ffi has the layouts of this version but its build script refuses it; the runtime itself is built in the same way.
        settings["UNSAFE_PYO3_SKIP_VERSION_CHECK"] = "1"
    return settings


def _artifact(project: Project, output: str) -> Path:
    library = project.library
    for line in reversed(output.splitlines()):
        if not line.startswith("{"):
            continue
        message: Dict[str, Any] = json.loads(line)
        if message.get("reason") != "compiler-artifact" or message["target"]["name"] != library:
            continue
        if message.get("manifest_path") not in (None, project.package["manifest_path"]):
            continue
        for name in message["filenames"]:
            if name.endswith((".so", ".dylib", ".dll")):
                return Path(name)
    raise BuildError(f"cargo named no dynamic library {library!r}; is there an artifact of another kind in the way?")


def flag(options: Mapping[str, Any], key: str, default: bool = False) -> bool:
    """A setting that is on or off."""
    value = options.get(key, default)
    if isinstance(value, bool):
        return value
    if value.lower() in ("true", "1", "yes", "on"):
        return True
    if value.lower() in ("false", "0", "no", "off"):
        return False
    raise BuildError(f"the build setting {key} is true or false, not {value!r}")

"""The core metadata of a distribution, from the table [project] (PEP 621)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, List, Tuple

from ._errors import BuildError
from ._project import Project

#: What a wheel of a universal binary requires.
RUNTIME_REQUIREMENT = 'hpy-rs; implementation_name == "cpython"'

_README_TYPES = {".md": "text/markdown", ".rst": "text/x-rst", ".txt": "text/plain"}
_LICENSE_FILES = ("LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*")


def _expect(value: Any, kind: type, key: str) -> Any:
    if not isinstance(value, kind):
        raise BuildError(f"pyproject.toml: {key} in [project] must be a {kind.__name__}, not {value!r}")
    return value


def _one_line(value: Any, key: str) -> str:
    text = str(_expect(value, str, key))
    if "\n" in text or "\r" in text:
        raise BuildError(f"pyproject.toml: {key} in [project] must be one line, not {text!r}")
    return text


def _requirement(value: Any, key: str, extra: str = "") -> str:
    text = _one_line(value, key).strip()
    if not re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:$|[\[(<>=!~;@\s])", text):
        raise BuildError(f"pyproject.toml: {key} in [project]: {text!r} is no requirement, such as 'numpy>=2'")
    if not extra:
        return text
    what, separator, marker = text.partition(";")
    if not separator:
        return f'{what.strip()}; extra == "{extra}"'
    return f'{what.strip()}; ({marker.strip()}) and extra == "{extra}"'


def _people(people: Any, key: str) -> List[Tuple[str, str]]:
    names, mails = [], []
    for person in _expect(people, list, key):
        name, mail = _expect(person, dict, key).get("name"), person.get("email")
        if mail:
            mails.append(f"{_one_line(name, key)} <{_one_line(mail, key)}>" if name else _one_line(mail, key))
        elif name:
            names.append(_one_line(name, key))
    label = "Author" if key == "authors" else "Maintainer"
    return [(what, ", ".join(who)) for what, who in ((label, names), (f"{label}-email", mails)) if who]


def _readme(project: Project) -> Tuple[str, str]:
    """Content type and text."""
    readme = project.metadata["readme"]
    if isinstance(readme, str):
        readme = {"file": readme}
    if "text" in readme:
        return readme.get("content-type", "text/plain"), readme["text"]
    path = project.root / readme["file"]
    kind = readme.get("content-type") or _README_TYPES.get(path.suffix.lower())
    if kind is None:
        raise BuildError(f"pyproject.toml: the kind of the readme {path.name} is unknown: use .md, .rst or .txt")
    try:
        return kind, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BuildError(f"pyproject.toml: cannot read the readme {path}: {error}") from None


def license_files(project: Project) -> List[Path]:
    """Paths relative to the project."""
    given = project.metadata.get("license-files")
    patterns = _LICENSE_FILES if given is None else _expect(given, list, "license-files")
    found = set()
    for pattern in patterns:
        paths = [path.relative_to(project.root) for path in project.root.glob(pattern) if path.is_file()]
        if not paths and given is not None:
            raise BuildError(f"pyproject.toml: license-files: {pattern!r} matches no file in {project.root}")
        found.update(paths)
    return sorted(found)


def requirements(project: Project, abi: str) -> List[str]:
    """What the wheel requires, without extras."""
    given = _expect(project.metadata.get("dependencies", []), list, "dependencies")
    needed = [_requirement(text, "dependencies") for text in given]
    named = {re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", text)[0]).lower() for text in needed}
    if abi == "universal" and "hpy-rs" not in named:
        needed.append(RUNTIME_REQUIREMENT)
    return needed


def metadata_text(project: Project, abi: str) -> str:
    """The file METADATA of a wheel, PKG-INFO of an sdist."""
    table = project.metadata
    lines: List[Tuple[str, str]] = [("Metadata-Version", "2.4"), ("Name", project.name), ("Version", project.version)]
    if "description" in table:
        lines.append(("Summary", _one_line(table["description"], "description")))
    if "keywords" in table:
        lines.append(("Keywords", ",".join(_expect(table["keywords"], list, "keywords"))))
    for key in ("authors", "maintainers"):
        lines += _people(table.get(key, []), key)
    license_ = table.get("license")
    if isinstance(license_, dict):
        text = license_.get("text")
        if text is None:
            text = (project.root / license_.get("file", "LICENSE")).read_text(encoding="utf-8")
        lines.append(("License", text.strip().replace("\n", "\n        ")))
    elif license_ is not None:
        # Cargo's old way to write "or".
        lines.append(("License-Expression", _one_line(license_, "license").replace("/", " OR ")))
    lines += [("License-File", path.as_posix()) for path in license_files(project)]
    lines += [("Classifier", _one_line(text, "classifiers")) for text in table.get("classifiers", [])]
    lines += [("Project-URL", f"{label}, {url}") for label, url in _expect(table.get("urls", {}), dict, "urls").items()]
    if "requires-python" in table:
        lines.append(("Requires-Python", _one_line(table["requires-python"], "requires-python")))
    lines += [("Requires-Dist", text) for text in requirements(project, abi)]
    extras = _expect(table.get("optional-dependencies", {}), dict, "optional-dependencies")
    for extra, texts in extras.items():
        lines.append(("Provides-Extra", extra))
        lines += [("Requires-Dist", _requirement(text, "optional-dependencies", extra)) for text in texts]
    body = ""
    if "readme" in table:
        kind, body = _readme(project)
        lines.append(("Description-Content-Type", kind))
    text = "".join(f"{key}: {value}\n" for key, value in lines)
    return f"{text}\n{body}" if body else text


def entry_points_text(project: Project) -> str:
    """The file entry_points.txt, empty for none."""
    groups: Dict[str, Dict[str, str]] = {}
    for key, group in (("scripts", "console_scripts"), ("gui-scripts", "gui_scripts")):
        if project.metadata.get(key):
            groups[group] = _expect(project.metadata[key], dict, key)
    for group, points in _expect(project.metadata.get("entry-points", {}), dict, "entry-points").items():
        if group in ("console_scripts", "gui_scripts"):
            raise BuildError(f"pyproject.toml: the entry points {group!r} belong in [project.scripts]")
        groups[group] = points
    parts = []
    for group, points in sorted(groups.items()):
        parts.append(f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items()))
    return "\n".join(parts)


def dist_info_files(project: Project, abi: str) -> Dict[str, bytes]:
    """The files of NAME-VERSION.dist-info but WHEEL and RECORD."""
    files = {"METADATA": metadata_text(project, abi).encode()}
    entry_points = entry_points_text(project)
    if entry_points:
        files["entry_points.txt"] = entry_points.encode()
    for path in license_files(project):
        files[f"licenses/{path.as_posix()}"] = (project.root / path).read_bytes()
    return files


def write_dist_info(project: Project, folder: Path, abi: str) -> Path:
    """Writes them into a new folder in `folder`; returns that."""
    info = folder / f"{project.file_name}.dist-info"
    for name, content in dist_info_files(project, abi).items():
        path = info / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return info

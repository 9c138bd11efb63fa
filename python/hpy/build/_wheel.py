"""Writes wheels: the same bytes from the same content."""

from __future__ import annotations

import base64
import hashlib
import os
import time
import zipfile
from pathlib import Path
from typing import Dict, Mapping, Tuple

from ._errors import BuildError

Stamp = Tuple[int, int, int, int, int, int]


def timestamp() -> Stamp:
    """The time of all files: SOURCE_DATE_EPOCH, and without it the first that zip archives can tell."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    first = (1980, 1, 1, 0, 0, 0)
    if not given:
        return first
    try:
        return max(time.gmtime(int(given))[:6], first)
    except (ValueError, OverflowError, OSError):
        raise BuildError(f"SOURCE_DATE_EPOCH must be seconds since 1970, not {given!r}") from None


def write_wheel(
    folder: Path, name_and_version: str, tag: str, files: Mapping[str, bytes], dist_info: Mapping[str, bytes]
) -> Path:
    """Writes a wheel into `folder`; returns its path.

    `files` are those of the installed packages, `dist_info` those of the dist-info folder, by their names there.
    """
    from . import __name__ as generator

    info = f"{name_and_version}.dist-info"
    content: Dict[str, bytes] = {name: files[name] for name in sorted(files)}
    for name in sorted(dist_info):
        content[f"{info}/{name}"] = dist_info[name]
    content[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: {generator}\nRoot-Is-Purelib: false\n"
        + "".join(f"Tag: {one}\n" for one in _tags(tag))
    ).encode()
    record = ""
    for name, data in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{_csv(name)},sha256={digest},{len(data)}\n"
    content[f"{info}/RECORD"] = f"{record}{_csv(info)}/RECORD,,\n".encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name_and_version}-{tag}.whl"
    stamp = timestamp()
    made = path.with_name(f".{path.name}.{os.getpid()}")
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name, stamp)
            mode = 0o100755 if name.endswith((".so", ".pyd")) else 0o100644
            entry.external_attr = mode << 16
            entry.create_system = 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    os.replace(made, path)
    return path


def _csv(name: str) -> str:
    quoted = name.replace('"', '""')
    return f'"{quoted}"' if "," in name or '"' in name else name


def _tags(tag: str) -> "list[str]":
    pythons, abis, platforms = tag.split("-")
    return [
        f"{python}-{abi}-{platform}"
        for python in pythons.split(".")
        for abi in abis.split(".")
        for platform in platforms.split(".")
    ]

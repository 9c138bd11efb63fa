"""File names of extensions: which ABI a binary is for is part of its name."""

from __future__ import annotations

import sysconfig

__all__ = ["HPY_ABI_TAG", "HPY_ABI_VERSION", "HPY_ABI_VERSION_MINOR", "get_hpy_ext_suffix", "parse_ext_suffix"]

#: The ABI that hpy.h is about; the same numbers are in it.
HPY_ABI_VERSION = 0
HPY_ABI_VERSION_MINOR = 0
#: The tag of universal binaries: `NAME.hpy0.so`.
HPY_ABI_TAG = f"hpy{HPY_ABI_VERSION}"

#: How many of the parts of an ABI tag, split at dashes, name the interpreter; the rest names the platform.
_PARTS = (("cpython", 2), ("cp", 1), ("pypy", 2), ("graalpy", 3))


def parse_ext_suffix(ext_suffix: str | None = None) -> tuple[str, str]:
    """The ABI tag (`cp311`) and the file name extension (`so`) in an interpreter's EXT_SUFFIX.

    `.cpython-311-x86_64-linux-gnu.so`, `.cp311-win_amd64.pyd` and `.pypy38-pp73-x86_64-linux-gnu.so` give
    `cp311`, `cp311` and `pypy38-pp73`. Without an argument: of the running interpreter.
    """
    if ext_suffix is None:
        ext_suffix = str(sysconfig.get_config_var("EXT_SUFFIX"))
    fields = ext_suffix.split(".")
    if len(fields) != 3 or fields[0]:
        raise ValueError(f"expected an EXT_SUFFIX such as .cpython-311-x86_64-linux-gnu.so, got {ext_suffix!r}")
    _, tag, extension = fields
    parts = tag.split("-")
    count = next((count for prefix, count in _PARTS if parts[0].startswith(prefix)), len(parts))
    return "-".join(parts[:count]).replace("cpython-", "cp"), extension


def get_hpy_ext_suffix(hpy_abi: str, ext_suffix: str | None = None) -> str:
    """The end of the file name of an extension for `hpy_abi`, on the interpreter with this EXT_SUFFIX.

    `universal`: `.hpy0.so`; `hybrid`: `.hpy0-cp311.so`; `cpython`: the EXT_SUFFIX itself.
    """
    if hpy_abi not in ("cpython", "universal", "hybrid"):
        raise ValueError(f"expected one of the ABIs cpython, universal and hybrid, got {hpy_abi!r}")
    if hpy_abi == "cpython":
        return ext_suffix or str(sysconfig.get_config_var("EXT_SUFFIX"))
    tag, extension = parse_ext_suffix(ext_suffix)
    if hpy_abi == "universal":
        return f".{HPY_ABI_TAG}.{extension}"
    return f".{HPY_ABI_TAG}-{tag}.{extension}"

"""The few facts of a binary that a wheel is named and filled by: its platform and the stubs in it.

`cargo hpy inspect` says much more of a binary; this reads what cargo has just made, in the standard library alone.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Iterator, List, Optional, Tuple

from ._errors import BuildError

#: What stands before the stubs in a binary: hpy-rs's `hint::MAGIC`.
MAGIC = b"\x89HPY stubs 1\r\n\x1a\n"
#: Of the libraries that manylinux takes for granted those that a Rust library may need.
_EVERYWHERE = ("libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "libgcc_s.so.1")
_ELF_MACHINES = {3: "i686", 21: "ppc64le", 22: "s390x", 40: "armv7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
_MACHO_CPUS = {0x01000007: "x86_64", 0x0100000C: "arm64"}
_PE_MACHINES = {0x14C: "win32", 0x8664: "win_amd64", 0xAA64: "win_arm64"}


@dataclass
class Platform:
    #: As in the name of a wheel.
    tag: str
    #: The end of an extension module's file name, without version or ABI.
    suffix: str
    #: What a user should know of the tag.
    note: str = ""


def stub_texts(data: bytes) -> List[str]:
    """The texts of the stubs in a binary, one per `#[hpy::module]`."""
    texts = []
    at = data.find(MAGIC)
    while at >= 0:
        start = at + len(MAGIC) + 8
        try:
            length = int(data[start - 8 : start], 16)
            text = data[start : start + length].decode()
        except ValueError:
            text = ""
        if text.startswith("\x1e") and text.endswith("\x1f"):
            texts.append(text)
        at = data.find(MAGIC, at + 1)
    return texts


def platform_of(data: bytes) -> Platform:
    """The platform that a shared library is for. BuildError if it is none that is known here."""
    try:
        if data.startswith(b"\x7fELF"):
            return _elf(data)
        if data.startswith(b"\xcf\xfa\xed\xfe"):
            return _macho(data)
        if data.startswith(b"MZ"):
            (header,) = struct.unpack_from("<I", data, 0x3C)
            (machine,) = struct.unpack_from("<H", data, header + 4)
            return Platform(_PE_MACHINES[machine], ".pyd")
    except (struct.error, LookupError, ValueError) as error:
        raise BuildError(f"cargo made a library that cannot be read here: {error!r}") from None
    raise BuildError("cargo made a library that is neither ELF, Mach-O nor PE: there are no wheels for its platform")


def _macho(data: bytes) -> Platform:
    (cpu,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<I", data, 16)
    at, version = 32, (11, 0)
    for _ in range(count):
        command, size = struct.unpack_from("<II", data, at)
        if command == 0x32:  # LC_BUILD_VERSION
            (packed,) = struct.unpack_from("<I", data, at + 12)
            version = (packed >> 16, packed >> 8 & 0xFF)
        elif command == 0x24:  # LC_VERSION_MIN_MACOSX
            (packed,) = struct.unpack_from("<I", data, at + 8)
            version = (packed >> 16, packed >> 8 & 0xFF)
        at += size
    major, minor = version
    return Platform(f"macosx_{major}_{minor if major == 10 else 0}_{_MACHO_CPUS[cpu]}", ".so")


class _Elf:
    """The dynamic section of an ELF file."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.wide = data[4] == 2
        self.order = "<" if data[5] == 1 else ">"
        (self.machine,) = self.read("H", 18)
        (start,) = self.read("Q", 32) if self.wide else self.read("I", 28)
        size, count = self.read("HH", 54 if self.wide else 42)
        self.loads: List[Tuple[int, int, int]] = []
        dynamic = None
        for index in range(count):
            at = start + index * size
            if self.wide:
                kind, _, offset, address, _, length = self.read("IIQQQQ", at)
            else:
                kind, offset, address, _, length = self.read("IIIII", at)
            if kind == 1:
                self.loads.append((address, length, offset))
            elif kind == 2:
                dynamic = (offset, length)
        if dynamic is None:
            raise ValueError("an ELF file without a dynamic section")
        self.entries = list(self.dynamic(*dynamic))
        self.strings = self.offset(self.entry(5))

    def read(self, what: str, at: int) -> Tuple[int, ...]:
        return struct.unpack_from(self.order + what, self.data, at)

    def dynamic(self, offset: int, length: int) -> Iterator[Tuple[int, int]]:
        what = "QQ" if self.wide else "II"
        step = struct.calcsize("=" + what)
        for at in range(offset, offset + length, step):
            tag, value = self.read(what, at)
            if tag == 0:
                return
            yield tag, value

    def entry(self, wanted: int) -> int:
        return next((value for tag, value in self.entries if tag == wanted), 0)

    def offset(self, address: int) -> int:
        for start, length, offset in self.loads:
            if start <= address < start + length:
                return address - start + offset
        raise ValueError("an address outside of the file")

    def string(self, at: int) -> str:
        start = self.strings + at
        return self.data[start : self.data.index(b"\0", start)].decode()

    def needed(self) -> List[str]:
        return [self.string(value) for tag, value in self.entries if tag == 1]

    def versions(self) -> Iterator[str]:
        """The versions of symbols that it needs of other libraries, such as GLIBC_2.17."""
        count = self.entry(0x6FFFFFFF)
        at = self.offset(self.entry(0x6FFFFFFE)) if count else 0
        for _ in range(count):
            _, names, _, first, next_ = self.read("HHIII", at)
            name = at + first
            for _ in range(names):
                _, _, _, text, following = self.read("IHHII", name)
                yield self.string(text)
                name += following
            at += next_


def glibc_floor(versions: Iterator[str]) -> Optional[Tuple[int, int]]:
    """The oldest glibc that has all these versions."""
    found = []
    for version in versions:
        library, _, number = version.partition("_")
        if library == "GLIBC" and number[:1].isdigit():
            major, minor = number.split(".")[:2]
            found.append((int(major), int(minor)))
    return max(found) if found else None


def _elf(data: bytes) -> Platform:
    elf = _Elf(data)
    machine = _ELF_MACHINES[elf.machine]
    needed = elf.needed()
    if "libc.so" in needed or any(name.startswith("libc.musl") for name in needed):
        return Platform(f"musllinux_1_2_{machine}", ".so")
    others = [name for name in needed if name not in _EVERYWHERE and not name.startswith("ld-linux")]
    if others:
        note = f"not a manylinux wheel: it needs {', '.join(others)} of the system"
        return Platform(f"linux_{machine}", ".so", note)
    # What Rust's own standard library needs.
    floor = max(glibc_floor(elf.versions()) or (2, 17), (2, 17))
    return Platform(f"manylinux_{floor[0]}_{floor[1]}_{machine}", ".so")

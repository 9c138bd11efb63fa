"""The `.pyi` files that a binary describes.

hpy-rs's macros put their text into the binary. A module's text begins with 0x1E and its name in a line and ends with
0x1F; submodules are inside that of their module. The name of a class of the binary has 0x1A before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Dict, List, Set

from ._errors import BuildError

_IMPORTS = ("collections.abc", "datetime", "decimal", "enum", "fractions", "ipaddress", "os", "pathlib", "types", "typing",
            "typing_extensions", "uuid", "zoneinfo")  # fmt: skip


@dataclass
class Module:
    """A module of a binary."""

    name: str
    text: str = ""
    submodules: List["Module"] = field(default_factory=list)

    def classes(self) -> Set[str]:
        return set(re.findall(r"^class (\w+)", self.text, re.MULTILINE))


def parse(text: str) -> Module:
    """The module of a text, with its submodules. BuildError where the text is not as described above."""
    stack: List[Module] = []
    for part in re.findall(r"\x1e[^\n]*\n|\x1f|[^\x1e\x1f]+", text):
        if part.startswith("\x1e"):
            module = Module(part[1:-1])
            if stack:
                stack[-1].submodules.append(module)
            stack.append(module)
        elif not stack:
            break
        elif part == "\x1f":
            module = stack.pop()
            if not stack:
                return module
        else:
            stack[-1].text += part
    raise BuildError("the type stubs in the binary are damaged: build hpy-rs and the extension from the same version")


def files(root: Module) -> Dict[str, str]:
    """File names relative to the module's place, `__init__.pyi` for the module itself, with their texts."""
    where: Dict[str, str] = {}

    def collect(module: Module, path: str) -> None:
        for name in module.classes():
            where.setdefault(name, path)
        for inner in module.submodules:
            collect(inner, f"{path}.{inner.name}")

    collect(root, root.name)
    out: Dict[str, str] = {}

    def write(module: Module, path: str, folder: str, is_package: bool) -> None:
        name = f"{folder}__init__.pyi" if is_package else f"{folder}{module.name}.pyi"
        out[name] = _source(module, path, root.name, where)
        inside = folder if module is root else f"{folder}{module.name}/"
        for inner in module.submodules:
            write(inner, f"{path}.{inner.name}", f"{inside}{inner.name}/" if inner.submodules else inside,
                  bool(inner.submodules))  # fmt: skip

    write(root, root.name, "", True)
    return out


def _source(module: Module, path: str, root: str, where: Dict[str, str]) -> str:
    own = module.classes()
    relative: Set[str] = set()

    def name(match: "re.Match[str]") -> str:
        wanted = match[1]
        if wanted in own:
            return wanted
        place = where.get(wanted)
        if place is None:
            # A class that no module exports has no name that Python code could use.
            return "typing.Any"
        relative.add(place)
        return f"{place}.{wanted}"

    text = re.sub(r"\x1a(\w+)", name, module.text)
    text = text.replace("typing.Any | None", "typing.Any")
    # A class's `...` is for one with nothing else in it.
    text = re.sub(r"^    \.\.\.\n(?=    )", "", text, flags=re.MULTILINE)
    # In a class, a method or property can have the name of a built-in type that hints after it mean.
    text, uses_builtins = _builtins(text)
    head = ""
    docstring = re.match(r'""".*?(?<!\\)"""\n', text, re.DOTALL)
    if docstring:
        head, text = docstring[0], text[docstring.end() :]
    used = [name for name in _IMPORTS if re.search(rf"(?<![\w.]){re.escape(name)}\.", text)]
    lines = [f"import {name}\n" for name in [*used, *sorted(relative - {path})]]
    if uses_builtins:
        lines.insert(0, "import builtins\n")
    lines += [f"from . import {inner.name} as {inner.name}\n" for inner in module.submodules]
    body = re.sub(r"^((?:@.*\n)*class )", r"\n\1", text, flags=re.MULTILINE)
    # One empty line where functions begin and after each docstring.
    body = re.sub(r"^(?!def )(.*\n)(?=def )", r"\1\n", body, flags=re.MULTILINE)
    parts = [head, "".join(lines), body.strip("\n") + "\n"]
    return "\n".join(part for part in parts if part.strip())


_TYPES = ("bool", "bytes", "dict", "float", "int", "list", "object", "set", "slice", "str", "tuple", "type")


def _builtins(text: str) -> "tuple[str, bool]":
    """Writes `builtins.int` for `int` in classes that have a member of that name."""
    used = False
    blocks = re.split(r"^(?=@|class |def |\w+: )", text, flags=re.MULTILINE)
    for index, block in enumerate(blocks):
        for name in _TYPES:
            if re.search(rf"^    (?:def {name}\(|{name}: )", block, re.MULTILINE):
                # After a comma it may be the name of a parameter, which a colon follows.
                hint = rf"(: |-> |\[|\| )(?={name}\b)|(, )(?={name}\b(?!:))"
                hints = re.sub(hint, lambda match: f"{match[0]}builtins.", block)
                used = used or hints != block
                blocks[index] = block = hints
    return "".join(blocks), used

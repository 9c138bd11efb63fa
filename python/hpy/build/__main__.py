"""`python -m hpy.build`: what `cargo hpy` runs to build and install."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

from ._build import ABIS, build, wheel_of
from ._develop import develop
from ._errors import BuildError
from ._project import read_project
from ._sdist import make_sdist


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m hpy.build", description="Builds HPy extensions in Rust.")
    parser.add_argument("--project", type=Path, default=Path("."), help="the project's folder")
    parser.add_argument("--json", action="store_true", help="say what was made as one line of JSON")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("wheel", "build a wheel"), ("sdist", "write the sources"), ("develop", "install, editable")):
        command = commands.add_parser(name, help=text)
        if name != "develop":
            command.add_argument("--out-dir", type=Path, default=Path("dist"), help="where it goes (dist)")
        if name != "sdist":
            command.add_argument("--abi", choices=ABIS, default="universal")
            command.add_argument("--profile", help="the cargo profile (release; dev for develop)")
            command.add_argument("--features", default="", help="features of the crate, separated by commas")
            command.add_argument("--target", help="the triple to compile for")
            command.add_argument("--strip", action="store_const", const="true", help="without symbols")
            command.add_argument("--locked", action="store_const", const="true", help="with Cargo.lock as it is")
    return parser


def _run(arguments: argparse.Namespace) -> Dict[str, Any]:
    root: Path = arguments.project.resolve()
    if arguments.command == "sdist":
        path = make_sdist(root, arguments.out_dir)
        return {"path": str(path), "size": path.stat().st_size}
    names = ("abi", "profile", "features", "target", "strip", "locked")
    options = {name: getattr(arguments, name) for name in names if getattr(arguments, name)}
    if arguments.command == "develop":
        return develop(root, options)
    product = build(read_project(root), options)
    started = time.monotonic()
    path = wheel_of(product, arguments.out_dir)
    return {
        "path": str(path),
        "size": path.stat().st_size,
        "module": product.module,
        "note": product.platform.note,
        "cargo_seconds": product.seconds,
        "wheel_seconds": time.monotonic() - started,
    }


def main(argv: Optional[List[str]] = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        said = _run(arguments)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(said))
    else:
        for key, value in said.items():
            if value not in ("", None):
                print(f"{key.replace('_', ' ')}: {value:.1f}" if isinstance(value, float) else f"{key}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Builds hpy.universal with cargo; everything else about the distribution is in pyproject.toml."""

import os
import subprocess

from setuptools import setup
from setuptools_rust import Binding, RustExtension, Strip

# A Python extension module is not linked against libpython. Cargo reads the same from .cargo/config.toml when
# it runs in the repository; said here it also holds for a build from elsewhere.
os.environ.setdefault("PYO3_BUILD_EXTENSION_MODULE", "1")


def revision() -> str:
    """The git revision of the sources; empty for those of an sdist."""
    here = os.path.dirname(os.path.abspath(__file__))
    if not os.path.exists(os.path.join(here, ".git")):
        return ""
    try:
        return subprocess.check_output(
            ["git", "rev-parse", "--short", "HEAD"], cwd=here, text=True, stderr=subprocess.DEVNULL
        ).strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


os.environ.setdefault("HPY_RS_REVISION", revision())

setup(
    rust_extensions=[
        RustExtension(
            "hpy.universal",
            path="crates/hpy-universal/Cargo.toml",
            binding=Binding.NoBinding,
            debug=False,
            strip=Strip.Debug,
        )
    ],
)

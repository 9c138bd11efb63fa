"""How setuptools builds HPy extensions: the commands `build`, `build_ext`, `egg_info` and `bdist_wheel`, extended."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import setuptools  # first: it puts its own distutils in place
from distutils.errors import DistutilsOptionError, DistutilsSetupError
from setuptools.command import build_ext as setuptools_build_ext
from setuptools.command import egg_info as setuptools_egg_info

from . import ABIS, DEFAULT_HPY_ABI, HPyDevel
from ._library import helpers_for_build, helpers_from_cache
from .abitag import get_hpy_ext_suffix, parse_ext_suffix
from .stub import stub_source

if TYPE_CHECKING:
    from setuptools import Distribution, Extension

#: What a wheel of universal or hybrid extensions requires.
RUNTIME_REQUIREMENT = 'hpy-rs; implementation_name == "cpython"'

_OPTIONS = [
    ("hpy-abi=", None, f"the ABI that HPy extensions are built for: {', '.join(ABIS)} (default: {DEFAULT_HPY_ABI})"),
    ("hpy-use-static-libs", None, "compile the C helpers of HPy once per machine and keep them"),
    ("hpy-direct", None, "name universal binaries NAME.so: CPython imports them itself (default in wheels)"),
    ("hpy-no-direct", None, "name universal binaries NAME.hpy0.so, in wheels too; a stub file imports them"),
]


def check_extensions(attr: str, value: Any) -> None:
    """DistutilsSetupError unless `value` is what `hpy_ext_modules` may be."""
    good = value is None or (
        isinstance(value, (list, tuple)) and all(hasattr(ext, "sources") and hasattr(ext, "name") for ext in value)
    )
    if not good:
        raise DistutilsSetupError(f"{attr!r} must be a list of setuptools.Extension, not {value!r}")


def add_options(dist: Distribution) -> None:
    """Gives setup.py the options --hpy-abi, --hpy-direct and so on."""
    cls = type(dist)
    known = {option[0] for option in cls.global_options}
    # On the class: setuptools and pip look there.
    cls.global_options = cls.global_options + [option for option in _OPTIONS if option[0] not in known]
    settings = _pyproject_settings()
    for name, default in (("hpy_abi", None), ("hpy_use_static_libs", False), ("hpy_direct", None)):
        if getattr(dist, name, None) is None:
            setattr(dist, name, settings.get(name, default))
    dist.hpy_no_direct = None


def _pyproject_settings() -> dict[str, Any]:
    """The table [tool.hpy] of the project's pyproject.toml."""
    try:
        with open("pyproject.toml", "rb") as f:
            text = f.read()
    except OSError:
        return {}
    try:
        import tomllib
    except ImportError:
        try:
            from setuptools._vendor import tomli as tomllib
        except ImportError:
            from setuptools.extern import tomli as tomllib
    table = tomllib.loads(text.decode()).get("tool", {}).get("hpy", {})
    unknown = sorted(set(table) - {"hpy_abi", "hpy_use_static_libs", "hpy_direct"})
    if unknown:
        raise DistutilsOptionError(f"pyproject.toml: [tool.hpy] has no setting {unknown[0]!r}")
    return table


def abi_of(dist: Distribution) -> str:
    """The ABI that a Distribution's HPy extensions are built for."""
    abi = getattr(dist, "hpy_abi", None) or os.environ.get("HPY_ABI") or DEFAULT_HPY_ABI
    if abi not in ABIS:
        raise DistutilsOptionError(f"unknown HPy ABI {abi!r}: expected one of {', '.join(ABIS)}")
    return abi


def is_direct(dist: Distribution) -> bool:
    """Whether universal binaries are named NAME.so, in the direct form."""
    if abi_of(dist) != "universal" or getattr(dist, "hpy_no_direct", None):
        return False
    direct = getattr(dist, "hpy_direct", None)
    if direct is None:
        return getattr(dist, "hpy_makes_wheel", False)
    return bool(direct)


def hpy_extensions(dist: Distribution) -> list[Extension]:
    return list(getattr(dist, "hpy_ext_modules", None) or [])


class HPyName(str):
    """The name of an HPy extension. distutils asks for file names by the extension's name alone, or by parts
    of it: the type says that it is one of ours."""

    def split(self, *args: Any, **kwargs: Any) -> list[str]:
        return [HPyName(part) for part in super().split(*args, **kwargs)]


def extend_commands(devel: HPyDevel, dist: Distribution) -> None:
    """Replaces commands of `dist` by subclasses that know `hpy_ext_modules`."""
    dist.hpydevel = devel
    has_others = dist.has_ext_modules
    dist.has_ext_modules = lambda: bool(hpy_extensions(dist)) or has_others()

    build_ext = dist.cmdclass.get("build_ext", setuptools_build_ext.build_ext)
    if not issubclass(build_ext, setuptools_build_ext.build_ext):
        raise DistutilsSetupError(
            f"cmdclass['build_ext'] is {build_ext!r}: HPy extensions need a subclass of "
            "setuptools.command.build_ext.build_ext"
        )
    dist.cmdclass["build_ext"] = _extended(build_ext, BuildExt)
    dist.cmdclass["build"] = _extended(dist.cmdclass.get("build", _build_command()), Build)
    dist.cmdclass["egg_info"] = _extended(dist.cmdclass.get("egg_info", setuptools_egg_info.egg_info), EggInfo)
    wheel = dist.cmdclass.get("bdist_wheel", _wheel_command())
    if wheel is not None:
        dist.cmdclass["bdist_wheel"] = _extended(wheel, BdistWheel)


def _extended(command: type, mixin: type) -> type:
    if issubclass(command, mixin):
        return command
    return type(command.__name__, (mixin, command), {"__doc__": command.__doc__})


def _build_command() -> type:
    try:
        from setuptools.command.build import build
    except ImportError:  # before setuptools 62.4
        from distutils.command.build import build
    return build


def _wheel_command() -> type | None:
    try:
        from setuptools.command.bdist_wheel import bdist_wheel
    except ImportError:  # before setuptools 70.1
        try:
            from wheel.bdist_wheel import bdist_wheel
        except ImportError:
            return None
    return bdist_wheel


class Build:
    """`build` with folders of their own for each ABI: one must not find another's files."""

    def finalize_options(self) -> None:
        chosen = {name for name in ("build_lib", "build_platlib", "build_temp") if getattr(self, name) is not None}
        super().finalize_options()
        dist = self.distribution
        if not hpy_extensions(dist) or abi_of(dist) == "cpython":
            return
        suffix = f"-hpy-{abi_of(dist)}" + ("-direct" if is_direct(dist) else "")
        for name in ("build_platlib", "build_temp", "build_lib"):
            if name not in chosen:
                setattr(self, name, getattr(self, name) + suffix)


class BuildExt:
    """`build_ext` that builds the extensions in `hpy_ext_modules` beside the ordinary ones."""

    def finalize_options(self) -> None:
        dist = self.distribution
        ours = hpy_extensions(dist)
        for ext in ours:
            self._prepare(ext)
        # distutils takes the list from the distribution, where only this command may see them all.
        others = dist.ext_modules
        dist.ext_modules = [*(others or []), *ours]
        try:
            super().finalize_options()
        finally:
            dist.ext_modules = others

    def _prepare(self, ext: Extension) -> None:
        """Adds what the ABI needs to an extension, once."""
        if hasattr(ext, "hpy_abi"):
            return
        devel: HPyDevel = self.distribution.hpydevel
        ext.hpy_abi = abi_of(self.distribution)
        ext.name = HPyName(ext.name)
        ext.define_macros = [*ext.define_macros, *devel.get_define_macros(ext.hpy_abi)]
        ext.include_dirs = [*ext.include_dirs, *devel.get_extra_include_dirs()]
        if ext.hpy_abi == "universal":
            ext.include_dirs.insert(0, str(devel.get_include_dir_forbid_python_h()))

    def build_extensions(self) -> None:
        ours = [ext for ext in self.extensions if hasattr(ext, "hpy_abi")]
        if ours:
            self._add_libraries(ours)
        super().build_extensions()

    def _add_libraries(self, extensions: list[Extension]) -> None:
        """Before any extension is built, and so before several are at once: the libraries they share."""
        devel: HPyDevel = self.distribution.hpydevel
        cached = getattr(self.distribution, "hpy_use_static_libs", False)
        helpers = helpers_from_cache if cached else helpers_for_build
        for ext in extensions:
            if hasattr(ext, "hpy_libraries"):
                continue
            library = helpers(devel, ext.hpy_abi, self.compiler, bool(self.debug), self.build_temp)
            ext.hpy_libraries = [library, *self._implementation(ext)]
            ext.extra_objects = [*ext.extra_objects, *ext.hpy_libraries]
            # The libraries are new when the headers are, so this stands for those too.
            ext.depends = [*ext.depends, *ext.hpy_libraries]

    def _implementation(self, ext: Extension) -> list[str]:
        """The libraries of HPy itself, which the cpython ABI links in."""
        if ext.hpy_abi != "cpython":
            return []
        libraries = self.distribution.hpydevel.get_static_libs("cpython")
        if not libraries:
            raise DistutilsOptionError(
                f"{ext.name}: this installation of hpy-rs has no library for the cpython ABI; "
                "build for --hpy-abi=universal or --hpy-abi=hybrid"
            )
        return libraries

    def build_extension(self, ext: Extension) -> None:
        super().build_extension(ext)
        if self._has_stub(ext):
            self._write_stub(self.get_ext_fullpath(ext.name))

    def _has_stub(self, ext: Extension) -> bool:
        return getattr(ext, "hpy_abi", "cpython") != "cpython"

    def _stub_of(self, binary: str) -> str:
        folder, name = os.path.split(binary)
        return os.path.join(folder, name.split(".")[0] + ".py")

    def _write_stub(self, binary: str) -> None:
        name = os.path.basename(binary)
        text = stub_source(name.split(".")[0], name)
        with open(self._stub_of(binary), "w", encoding="utf-8") as f:
            f.write(text)

    def get_ext_fullname(self, ext_name: str) -> str:
        fullname = super().get_ext_fullname(ext_name)
        return HPyName(fullname) if isinstance(ext_name, HPyName) else fullname

    def get_ext_filename(self, fullname: str) -> str:
        dist = self.distribution
        abi = abi_of(dist)
        if not isinstance(fullname, HPyName) or abi == "cpython":
            return super().get_ext_filename(fullname)
        suffix = f".{parse_ext_suffix()[1]}" if is_direct(dist) else get_hpy_ext_suffix(abi)
        return os.path.join(*str(fullname).split(".")) + suffix

    def get_export_symbols(self, ext: Extension) -> list[str]:
        # hpy.h exports what a binary must export; on Windows distutils would add PyInit_NAME twice.
        if hasattr(ext, "hpy_abi") and ext.hpy_abi != "cpython":
            return ext.export_symbols or []
        return super().get_export_symbols(ext)

    def _stub_pairs(self) -> list[tuple[str, str]]:
        """Each stub file in the build folder and where it goes in place."""
        build_py = self.get_finalized_command("build_py")
        pairs = []
        for ext in self.extensions:
            if self._has_stub(ext):
                inplace, built = self._get_inplace_equivalent(build_py, ext)
                pairs.append((self._stub_of(built), self._stub_of(inplace)))
        return pairs

    def get_outputs(self) -> list[str]:
        outputs = list(super().get_outputs())
        for ext in self.extensions:
            if self._has_stub(ext):
                outputs.append(self._stub_of(self.get_ext_fullpath(ext.name)))
        return outputs

    def get_output_mapping(self) -> dict[str, str]:
        mapping = dict(super().get_output_mapping())
        if self.inplace:
            mapping.update(self._stub_pairs())
        return mapping

    def copy_extensions_to_source(self) -> None:
        super().copy_extensions_to_source()
        for built, inplace in self._stub_pairs():
            if os.path.exists(built):
                self.copy_file(built, inplace)

    def _get_inplace_equivalent(self, build_py: Any, ext: Extension) -> tuple[str, str]:
        # setuptools has the same method from version 62 on.
        fullname = self.get_ext_fullname(ext.name)
        filename = self.get_ext_filename(fullname)
        package = ".".join(str(fullname).split(".")[:-1])
        folder = build_py.get_package_dir(package)
        return os.path.join(folder, os.path.basename(filename)), os.path.join(self.build_lib, filename)


class EggInfo:
    """`egg_info` that has universal and hybrid distributions require the runtime."""

    def finalize_options(self) -> None:
        dist = self.distribution
        required = list(getattr(dist, "install_requires", None) or [])
        if hpy_extensions(dist) and abi_of(dist) != "cpython" and RUNTIME_REQUIREMENT not in required:
            dist.install_requires = [*required, RUNTIME_REQUIREMENT]
            # Brings the list into the form that this version of setuptools writes metadata from.
            dist._finalize_requires()
        super().finalize_options()


class BdistWheel:
    """`bdist_wheel` that makes one wheel for every Python of universal extensions."""

    def finalize_options(self) -> None:
        self.distribution.hpy_makes_wheel = True
        super().finalize_options()

    def get_tag(self) -> tuple[str, str, str]:
        tag = super().get_tag()
        dist = self.distribution
        if hpy_extensions(dist) and not dist.ext_modules and abi_of(dist) == "universal":
            return ("py3", "none", tag[2])
        return tag


assert setuptools  # imported for what it does

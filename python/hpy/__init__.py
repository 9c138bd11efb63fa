"""HPy: native extensions that one binary serves to every Python.

The distribution hpy-rs provides this package and takes the place of the distribution hpy, HPy's C
implementation. Both have files of the same names, so only one can be installed: see `_report_other`.
"""

from __future__ import annotations


class PanicException(RuntimeError):
    """A Rust extension panicked: the message is the panic's, with the place in its source."""


def _report_other() -> None:
    """Warns if the distribution hpy is installed in the same folder: each overwrites files of the other."""
    import os

    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        names = os.listdir(folder)
    except OSError:  # imported from an archive
        return
    others = [name for name in names if name.startswith("hpy-") and name.endswith((".dist-info", ".egg-info"))]
    if not others:
        return
    import warnings

    warnings.warn(
        f"the distributions 'hpy' ({others[0]}) and 'hpy-rs' are both installed in {folder}, and each "
        "overwrites files of the other. Keep one: pip uninstall -y hpy hpy-rs, then pip install hpy-rs",
        RuntimeWarning,
        stacklevel=3,
    )


_report_other()
del _report_other

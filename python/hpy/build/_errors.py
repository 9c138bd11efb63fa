"""What goes wrong in a build."""

from __future__ import annotations


class BuildError(Exception):
    """The message says what was given, what was expected and what to do."""

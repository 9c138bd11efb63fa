"""pip wheel . makes one wheel for every Python."""

from setuptools import Extension, setup

setup(name="greeting", version="1.0", hpy_ext_modules=[Extension("greeting", ["../greeting.c"])])

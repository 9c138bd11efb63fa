/* This folder comes first on the include path of universal builds. */
#ifndef HPY_ABI_UNIVERSAL
#  error "hpy/forbid_python_h is for universal builds only: take it off the include path of this one"
#endif
#error "It is forbidden to #include <Python.h> when targeting the HPy Universal ABI"

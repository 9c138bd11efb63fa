/* In the hybrid ABI: a destructor gets no context, so what it raises it raises by the C API. */
#include <Python.h>
#include "zoo.h"

HPyCapsule_DESTRUCTOR(raising)
static void raising_impl(const char *name, void *pointer, void *context)
{
    PyErr_SetString(PyExc_ValueError, "from the destructor");
}
HPyCapsule_DESTRUCTOR(quiet)
static void quiet_impl(const char *name, void *pointer, void *context) {}

static int resource;
WRONG(arg) { return HPyCapsule_New(ctx, &resource, "zoo.resource", &raising); }
RIGHT(arg) { return HPyCapsule_New(ctx, &resource, "zoo.resource", &quiet); }

ZOO(capsule_destructor_raises)

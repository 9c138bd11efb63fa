/* Fails one allocation of Python's, or every one from there on: what a call does then is what tests look at.
   An extension module of the C API, compiled for one interpreter. */
#include <Python.h>

static PyMemAllocatorEx real[3];
static long count, first, last;

static int fails(void)
{
    count++;
    return count >= first && count <= last;
}
static void *a_malloc(void *ctx, size_t size)
{
    PyMemAllocatorEx *to = ctx;
    return fails() ? NULL : to->malloc(to->ctx, size);
}
static void *a_calloc(void *ctx, size_t n, size_t size)
{
    PyMemAllocatorEx *to = ctx;
    return fails() ? NULL : to->calloc(to->ctx, n, size);
}
static void *a_realloc(void *ctx, void *p, size_t size)
{
    PyMemAllocatorEx *to = ctx;
    return fails() ? NULL : to->realloc(to->ctx, p, size);
}
static void a_free(void *ctx, void *p)
{
    PyMemAllocatorEx *to = ctx;
    to->free(to->ctx, p);
}

/* call(callable, args, from, to): callable(*args) while the allocations from number `from` to number `to` fail; the first has
   number 1. */
static PyObject *call(PyObject *self, PyObject *arguments)
{
    PyObject *callable, *args, *result;
    long from, to;
    int domain;
    if (!PyArg_ParseTuple(arguments, "OO!ll", &callable, &PyTuple_Type, &args, &from, &to))
        return NULL;
    count = 0;
    first = from;
    last = to;
    for (domain = 0; domain < 3; domain++) {
        PyMemAllocatorEx mine = {&real[domain], a_malloc, a_calloc, a_realloc, a_free};
        PyMem_GetAllocator((PyMemAllocatorDomain)domain, &real[domain]);
        PyMem_SetAllocator((PyMemAllocatorDomain)domain, &mine);
    }
    result = PyObject_Call(callable, args, NULL);
    for (domain = 0; domain < 3; domain++)
        PyMem_SetAllocator((PyMemAllocatorDomain)domain, &real[domain]);
    return result;
}

/* allocations(): how many the last call asked for. */
static PyObject *allocations(PyObject *self, PyObject *nothing)
{
    return PyLong_FromLong(count);
}

static PyMethodDef methods[] = {
    {"call", call, METH_VARARGS, NULL}, {"allocations", allocations, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "nomemory", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_nomemory(void)
{
    return PyModule_Create(&module);
}

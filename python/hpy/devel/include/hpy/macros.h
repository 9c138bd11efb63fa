/* Macros for the bodies of implementations. */
#ifndef HPY_MACROS_H
#define HPY_MACROS_H

/* HPy_New(ctx, type, &pointer): a new instance of a type made by HPyType_FromSpec; its zeroed struct goes to
   `pointer`, which may be a pointer to any struct. */
#define HPy_New(ctx, cls, data) (_HPy_New((ctx), (cls), ((void **)(data))))

/* Returns True or False as `val1 op val2` is, with C values of any type. */
#define HPy_RETURN_RICHCOMPARE(ctx, val1, val2, op)                      \
    do {                                                                 \
        bool _hpy_result = false;                                        \
        switch (op) {                                                    \
        case HPy_EQ: _hpy_result = ((val1) == (val2)); break;            \
        case HPy_NE: _hpy_result = ((val1) != (val2)); break;            \
        case HPy_LT: _hpy_result = ((val1) < (val2)); break;             \
        case HPy_GT: _hpy_result = ((val1) > (val2)); break;             \
        case HPy_LE: _hpy_result = ((val1) <= (val2)); break;            \
        case HPy_GE: _hpy_result = ((val1) >= (val2)); break;            \
        default: HPy_FatalError((ctx), "Invalid value for HPy_RichCmpOp"); \
        }                                                                \
        return HPy_Dup((ctx), _hpy_result ? (ctx)->h_True : (ctx)->h_False); \
    } while (0)

/* pid_t as a Python int, and its format unit. */
#if !defined(SIZEOF_PID_T) || SIZEOF_PID_T == SIZEOF_INT
#  define _HPy_PARSE_PID "i"
#  define HPyLong_FromPid HPyLong_FromLong
#  define HPyLong_AsPid HPyLong_AsLong
#elif SIZEOF_PID_T == SIZEOF_LONG
#  define _HPy_PARSE_PID "l"
#  define HPyLong_FromPid HPyLong_FromLong
#  define HPyLong_AsPid HPyLong_AsLong
#else
#  define _HPy_PARSE_PID "L"
#  define HPyLong_FromPid HPyLong_FromLongLong
#  define HPyLong_AsPid HPyLong_AsLongLong
#endif

/* Between these two no Python runs in this thread, and other threads may run it. */
#define HPy_BEGIN_LEAVE_PYTHON(context)                                  \
    {                                                                    \
        HPyThreadState _token;                                           \
        _token = HPy_LeavePythonExecution(context);
#define HPy_END_LEAVE_PYTHON(context)                                    \
        HPy_ReenterPythonExecution(context, _token);                     \
    }

#endif /* HPY_MACROS_H */

/* Every constant of the context by name. */
#include "wrap.h"

#define CONSTANTS(X) \
    X(None) X(True) X(False) X(NotImplemented) X(Ellipsis) X(BaseException) X(Exception) X(StopAsyncIteration) \
    X(StopIteration) X(GeneratorExit) X(ArithmeticError) X(LookupError) X(AssertionError) X(AttributeError) \
    X(BufferError) X(EOFError) X(FloatingPointError) X(OSError) X(ImportError) X(ModuleNotFoundError) X(IndexError) \
    X(KeyError) X(KeyboardInterrupt) X(MemoryError) X(NameError) X(OverflowError) X(RuntimeError) X(RecursionError) \
    X(NotImplementedError) X(SyntaxError) X(IndentationError) X(TabError) X(ReferenceError) X(SystemError) \
    X(SystemExit) X(TypeError) X(UnboundLocalError) X(UnicodeError) X(UnicodeEncodeError) X(UnicodeDecodeError) \
    X(UnicodeTranslateError) X(ValueError) X(ZeroDivisionError) X(BlockingIOError) X(BrokenPipeError) \
    X(ChildProcessError) X(ConnectionError) X(ConnectionAbortedError) X(ConnectionRefusedError) \
    X(ConnectionResetError) X(FileExistsError) X(FileNotFoundError) X(InterruptedError) X(IsADirectoryError) \
    X(NotADirectoryError) X(PermissionError) X(ProcessLookupError) X(TimeoutError) X(Warning) X(UserWarning) \
    X(DeprecationWarning) X(PendingDeprecationWarning) X(SyntaxWarning) X(RuntimeWarning) X(FutureWarning) \
    X(ImportWarning) X(UnicodeWarning) X(BytesWarning) X(ResourceWarning) X(BaseObjectType) X(TypeType) X(BoolType) \
    X(LongType) X(FloatType) X(UnicodeType) X(TupleType) X(ListType) X(ComplexType) X(BytesType) X(MemoryViewType) \
    X(CapsuleType) X(SliceType) X(Builtins) NEWER_CONSTANTS(X)
#ifdef HPY_TESTS_WITHOUT_NEWER
#define NEWER_CONSTANTS(X)
#else
#define NEWER_CONSTANTS(X) X(DictType)
#endif

/* all_constants(): a dict of them. */
FUNC(all_constants, 0)
{
    (void)args;
    HPy all = HPyDict_New(ctx);
    if (HPy_IsNull(all))
        return HPy_NULL;
#define ADD(NAME) \
    if (HPy_SetItem_s(ctx, all, "h_" #NAME, ctx->h_##NAME) < 0) { \
        HPy_Close(ctx, all); \
        return HPy_NULL; \
    }
    CONSTANTS(ADD)
    return all;
}

/* Constants may be duplicated, and their duplicates closed, like any handle. */
FUNC(dup_all, 0)
{
    (void)args;
#define DUP(NAME) \
    HPy dup_##NAME = HPy_Dup(ctx, ctx->h_##NAME); \
    int same_##NAME = HPy_Is(ctx, dup_##NAME, ctx->h_##NAME); \
    HPy_Close(ctx, dup_##NAME); \
    if (!same_##NAME) \
        return HPyErr_SetString(ctx, ctx->h_AssertionError, #NAME);
    CONSTANTS(DUP)
    return none(ctx);
}

FUNC(context_fields, 0)
{
    (void)args;
    HPy items[] = {HPyUnicode_FromString(ctx, ctx->name), HPyLong_FromInt32_t(ctx, ctx->abi_version)};
    HPy result = HPyTuple_FromArray(ctx, items, 2);
    HPy_Close(ctx, items[0]);
    HPy_Close(ctx, items[1]);
    return result;
}

MODULE(constants, &def_all_constants, &def_dup_all, &def_context_fields,)

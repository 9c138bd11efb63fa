#include "wrap.h"

#define UNARY(X) \
    X(HPy_Negative) X(HPy_Positive) X(HPy_Absolute) X(HPy_Invert) X(HPy_Index) X(HPy_Long) X(HPy_Float)
#define BINARY(X) \
    X(HPy_Add) X(HPy_Subtract) X(HPy_Multiply) X(HPy_MatrixMultiply) X(HPy_FloorDivide) X(HPy_TrueDivide) \
    X(HPy_Remainder) X(HPy_Divmod) X(HPy_Lshift) X(HPy_Rshift) X(HPy_And) X(HPy_Xor) X(HPy_Or)
#define INPLACE(X) \
    X(HPy_InPlaceAdd) X(HPy_InPlaceSubtract) X(HPy_InPlaceMultiply) X(HPy_InPlaceMatrixMultiply) \
    X(HPy_InPlaceFloorDivide) X(HPy_InPlaceTrueDivide) X(HPy_InPlaceRemainder) X(HPy_InPlaceLshift) \
    X(HPy_InPlaceRshift) X(HPy_InPlaceAnd) X(HPy_InPlaceXor) X(HPy_InPlaceOr)

/* Operands are passed as they are: NotImplemented is an operand here. */
#define OPERATOR1(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_O) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, HPy arg) \
    { \
        (void)self; \
        return NAME(ctx, arg); \
    }
#define OPERATOR2(NAME) FUNC(NAME, 2) { return NAME(ctx, args[0], args[1]); }
#define OPERATOR3(NAME) FUNC(NAME, 3) { return NAME(ctx, args[0], args[1], args[2]); }

UNARY(OPERATOR1)
BINARY(OPERATOR2)
INPLACE(OPERATOR2)
OPERATOR3(HPy_Power)
OPERATOR3(HPy_InPlacePower)
I_H(HPyNumber_Check)

MODULE(number, UNARY(LISTED) BINARY(LISTED) INPLACE(LISTED) &def_HPy_Power, &def_HPy_InPlacePower,
       &def_HPyNumber_Check,)

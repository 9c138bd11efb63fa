//! Special methods: which slot of the ABI each is, and which have none.

/// How a special method becomes a definition.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Special {
    /// `(self) -> object`
    Unary {
        slot: &'static str,
        signature: &'static str,
    },
    /// `__len__`
    Len,
    /// `__bool__`
    Bool,
    /// `__hash__`
    Hash,
    /// `__contains__`
    Contains,
    /// `__getitem__`
    GetItem,
    /// `__setitem__`, `__delitem__`: halves of one slot.
    SetItem,
    DelItem,
    /// `__add__` and the like with the reflected form as the other half.
    Binary {
        slot: &'static str,
        reflected: bool,
    },
    /// `__iadd__` and the like.
    InPlace {
        slot: &'static str,
        signature: &'static str,
    },
    /// `__pow__` and `__rpow__`.
    Power {
        reflected: bool,
    },
    /// `__eq__` and the like.
    Compare(&'static str),
    /// `__richcmp__`, all comparisons in one.
    RichCompare,
    /// `__call__`
    Call,
    /// `__init__`
    Init,
    /// `__get__`
    DescrGet,
    /// `__del__`
    Finalize,
    /// `__buffer__`
    Buffer,
    /// A method that CPython reaches through a slot that the ABI has not.
    SlotMethod,
    /// `__next__`, one of those with a result of its own kind.
    Next,
    /// A method that is called by its name.
    Plain,
}

/// What a dunder name is; None for a name that is no dunder.
pub fn special(name: &str) -> Option<Special> {
    use Special::*;
    if !(name.len() > 4 && name.starts_with("__") && name.ends_with("__")) {
        return None;
    }
    let unary = |slot| Unary { slot, signature: "UNARYFUNC" };
    let text = |slot| Unary { slot, signature: "REPRFUNC" };
    let binary = |slot| Binary { slot, reflected: false };
    let reflected = |slot| Binary { slot, reflected: true };
    let in_place = |slot| InPlace { slot, signature: "BINARYFUNC" };
    Some(match name {
        "__repr__" => text("HPy_tp_repr"),
        "__str__" => text("HPy_tp_str"),
        "__neg__" => unary("HPy_nb_negative"),
        "__pos__" => unary("HPy_nb_positive"),
        "__abs__" => unary("HPy_nb_absolute"),
        "__invert__" => unary("HPy_nb_invert"),
        "__int__" => unary("HPy_nb_int"),
        "__float__" => unary("HPy_nb_float"),
        "__index__" => unary("HPy_nb_index"),
        "__len__" => Len,
        "__bool__" => Bool,
        "__hash__" => Hash,
        "__contains__" => Contains,
        "__getitem__" => GetItem,
        "__setitem__" => SetItem,
        "__delitem__" => DelItem,
        "__add__" => binary("HPy_nb_add"),
        "__radd__" => reflected("HPy_nb_add"),
        "__sub__" => binary("HPy_nb_subtract"),
        "__rsub__" => reflected("HPy_nb_subtract"),
        "__mul__" => binary("HPy_nb_multiply"),
        "__rmul__" => reflected("HPy_nb_multiply"),
        "__matmul__" => binary("HPy_nb_matrix_multiply"),
        "__rmatmul__" => reflected("HPy_nb_matrix_multiply"),
        "__truediv__" => binary("HPy_nb_true_divide"),
        "__rtruediv__" => reflected("HPy_nb_true_divide"),
        "__floordiv__" => binary("HPy_nb_floor_divide"),
        "__rfloordiv__" => reflected("HPy_nb_floor_divide"),
        "__mod__" => binary("HPy_nb_remainder"),
        "__rmod__" => reflected("HPy_nb_remainder"),
        "__divmod__" => binary("HPy_nb_divmod"),
        "__rdivmod__" => reflected("HPy_nb_divmod"),
        "__lshift__" => binary("HPy_nb_lshift"),
        "__rlshift__" => reflected("HPy_nb_lshift"),
        "__rshift__" => binary("HPy_nb_rshift"),
        "__rrshift__" => reflected("HPy_nb_rshift"),
        "__and__" => binary("HPy_nb_and"),
        "__rand__" => reflected("HPy_nb_and"),
        "__or__" => binary("HPy_nb_or"),
        "__ror__" => reflected("HPy_nb_or"),
        "__xor__" => binary("HPy_nb_xor"),
        "__rxor__" => reflected("HPy_nb_xor"),
        "__pow__" => Power { reflected: false },
        "__rpow__" => Power { reflected: true },
        "__iadd__" => in_place("HPy_nb_inplace_add"),
        "__isub__" => in_place("HPy_nb_inplace_subtract"),
        "__imul__" => in_place("HPy_nb_inplace_multiply"),
        "__imatmul__" => in_place("HPy_nb_inplace_matrix_multiply"),
        "__itruediv__" => in_place("HPy_nb_inplace_true_divide"),
        "__ifloordiv__" => in_place("HPy_nb_inplace_floor_divide"),
        "__imod__" => in_place("HPy_nb_inplace_remainder"),
        "__ilshift__" => in_place("HPy_nb_inplace_lshift"),
        "__irshift__" => in_place("HPy_nb_inplace_rshift"),
        "__iand__" => in_place("HPy_nb_inplace_and"),
        "__ior__" => in_place("HPy_nb_inplace_or"),
        "__ixor__" => in_place("HPy_nb_inplace_xor"),
        "__ipow__" => InPlace { slot: "HPy_nb_inplace_power", signature: "TERNARYFUNC" },
        "__eq__" => Compare("Eq"),
        "__ne__" => Compare("Ne"),
        "__lt__" => Compare("Lt"),
        "__le__" => Compare("Le"),
        "__gt__" => Compare("Gt"),
        "__ge__" => Compare("Ge"),
        "__richcmp__" => RichCompare,
        "__call__" => Call,
        "__init__" => Init,
        "__get__" => DescrGet,
        "__del__" => Finalize,
        "__buffer__" => Buffer,
        "__next__" => Next,
        "__iter__" | "__await__" | "__aiter__" | "__anext__" | "__getattr__"
        | "__getattribute__" | "__setattr__" | "__delattr__" | "__set__" | "__delete__" => {
            SlotMethod
        }
        _ => Plain,
    })
}

/// What to write in place of a dunder name that is another language's or another library's way.
pub fn foreign(name: &str) -> Option<&'static str> {
    Some(match name {
        "__new__" => {
            "the constructor is a function with #[new], whatever its name: #[new] fn new() -> Self"
        }
        "__traverse__" | "__clear__" => {
            "what the garbage collector needs is derived from the struct's `Field`s: remove this method"
        }
        "__getbuffer__" => "a class shows its memory by `fn __buffer__(&self) -> Export`",
        "__releasebuffer__" => {
            "what a view keeps alive is in the `Export` of `__buffer__`: remove this method"
        }
        "__nonzero__" => "Python 3 calls this `__bool__`",
        "__div__" => "Python 3 calls this `__truediv__`",
        "__rdiv__" => "Python 3 calls this `__rtruediv__`",
        "__idiv__" => "Python 3 calls this `__itruediv__`",
        "__cmp__" => {
            "Python 3 compares with `__eq__`, `__lt__` and the like, or all in one: `__richcmp__`"
        }
        "__unicode__" => "Python 3 calls this `__str__`",
        "__long__" => "Python 3 calls this `__int__`",
        "__getslice__" => "Python 3 calls `__getitem__` with a `slice`",
        "__setslice__" => "Python 3 calls `__setitem__` with a `slice`",
        "__delslice__" => "Python 3 calls `__delitem__` with a `slice`",
        _ => return None,
    })
}

impl Special {
    /// Whether this is the half of an operator's slot that is for the right operand.
    pub fn is_reflected(self) -> bool {
        matches!(self, Special::Binary { reflected: true, .. } | Special::Power { reflected: true })
    }
}

/// The name of the reflected operator of a slot: "__radd__" of "HPy_nb_add".
pub fn reflected_name(slot: &str) -> Option<String> {
    let operator = match slot.strip_prefix("HPy_nb_")? {
        "subtract" => "sub",
        "multiply" => "mul",
        "matrix_multiply" => "matmul",
        "true_divide" => "truediv",
        "floor_divide" => "floordiv",
        "remainder" => "mod",
        "power" => "pow",
        other => other,
    };
    Some(format!("__r{operator}__"))
}

/// How many arguments Python gives a special method, where that is fixed.
pub fn arity(special: Special) -> Option<usize> {
    use Special::*;
    match special {
        Unary { .. } | Len | Bool | Hash | Finalize | Buffer | Next => Some(0),
        Contains | GetItem | DelItem | Binary { .. } | Compare(_) => Some(1),
        InPlace { signature: "BINARYFUNC", .. } => Some(1),
        SetItem | RichCompare | DescrGet | Power { .. } | InPlace { .. } => Some(2),
        Call | Init | SlotMethod | Plain => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Special, reflected_name, special};

    #[test]
    fn slots_have_the_names_of_their_reflected_operators() {
        for operator in [
            "add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "lshift",
            "rshift", "and", "or", "xor", "pow",
        ] {
            let name = format!("__r{operator}__");
            let found = special(&name).filter(|found| found.is_reflected());
            let slot = match found {
                Some(Special::Binary { slot, .. }) => slot,
                Some(Special::Power { .. }) => "HPy_nb_power",
                other => panic!("{name} is {other:?}"),
            };
            assert_eq!(reflected_name(slot), Some(name));
        }
        assert_eq!(reflected_name("HPy_tp_call"), None);
    }
}

"""The 84 constant handles and the fields of the context."""

import builtins
import types

EXT = "constants"

SPECIAL = {
    "h_None": None,
    "h_True": True,
    "h_False": False,
    "h_NotImplemented": NotImplemented,
    "h_Ellipsis": ...,
    "h_BaseObjectType": object,
    "h_TypeType": type,
    "h_BoolType": bool,
    "h_LongType": int,
    "h_FloatType": float,
    "h_UnicodeType": str,
    "h_TupleType": tuple,
    "h_ListType": list,
    "h_DictType": dict,
    "h_ComplexType": complex,
    "h_BytesType": bytes,
    "h_MemoryViewType": memoryview,
    "h_SliceType": slice,
    "h_Builtins": vars(builtins),
}


def test_all_constants(mod, covers):
    constants = mod.all_constants()
    assert len(constants) == 84
    for name, value in constants.items():
        if name == "h_CapsuleType":
            import _datetime

            assert value is type(_datetime.datetime_CAPI)
        elif name in SPECIAL:
            assert value is SPECIAL[name], name
        else:
            assert value is getattr(builtins, name[2:]), name
            assert issubclass(value, BaseException)
        covers(name)


def test_constants_are_handles(mod):
    assert mod.dup_all() is None


def test_context_fields(mod, variant):
    name, version = mod.context_fields()
    assert "HPy" in name
    assert version == 0


def test_module(mod):
    assert isinstance(mod, types.ModuleType)
    assert mod.__name__ == "constants"
    assert mod.__doc__ == "test extension"

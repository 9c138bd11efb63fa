//! The structs of this crate are laid out as a C compiler lays out those of the project's `hpy.h`.
//!
//! A C program prints size, alignment and offsets; without a C compiler the test fails.

use hpy_sys::abi::MEMBERS;
use hpy_sys::ext::{
    HPyBinary, HPyContent, HPyContextExt, HPyExtensions, HPyInPlace, HPyOpenListBuilder,
    HPyShortcuts, HPyTreeNode,
};
use hpy_sys::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// `what` as in the C program's output, and its value here.
type Facts = BTreeMap<String, usize>;

/// The C expressions and their values in Rust, for a struct and its fields; `c` names come first.
macro_rules! layout {
    ($facts:ident, $ty:ty, $c:literal $(, $c_field:literal => $field:ident)*) => {
        $facts.insert(format!("sizeof({})", $c), size_of::<$ty>());
        $facts.insert(format!("ALIGNOF({})", $c), align_of::<$ty>());
        $($facts.insert(format!("offsetof({}, {})", $c, $c_field), std::mem::offset_of!($ty, $field));)*
    };
}

fn rust_facts() -> Facts {
    let mut facts = Facts::new();
    let f = &mut facts;
    layout!(f, HPy, "HPy", "_i" => _i);
    layout!(f, HPyField, "HPyField", "_i" => _i);
    layout!(f, HPyGlobal, "HPyGlobal", "_i" => _i);
    layout!(f, HPyListBuilder, "HPyListBuilder", "_lst" => _lst);
    layout!(f, HPyTupleBuilder, "HPyTupleBuilder", "_tup" => _tup);
    layout!(f, HPyTracker, "HPyTracker", "_i" => _i);
    layout!(f, HPyThreadState, "HPyThreadState", "_i" => _i);
    layout!(f, HPy_ssize_t, "HPy_ssize_t");
    layout!(f, HPy_hash_t, "HPy_hash_t");
    layout!(f, HPy_UCS4, "HPy_UCS4");
    layout!(f, wchar_t, "wchar_t");
    layout!(f, HPyFunc_Signature, "HPyFunc_Signature");
    layout!(f, HPySlot_Slot, "HPySlot_Slot");
    layout!(f, HPyType_BuiltinShape, "HPyType_BuiltinShape");
    layout!(f, HPy_SourceKind, "HPy_SourceKind");
    layout!(f, HPyCapsule_key, "_HPyCapsule_key");
    layout!(f, HPyCFunction, "HPyCFunction");
    layout!(f, HPyFunc_visitproc, "HPyFunc_visitproc");
    layout!(f, HPyDef, "HPyDef", "kind" => kind, "slot" => u, "meth" => u, "member" => u, "getset" => u);
    layout!(f, HPySlot, "HPySlot", "slot" => slot, "impl" => imp, "cpy_trampoline" => cpy_trampoline);
    layout!(f, HPyMeth, "HPyMeth", "name" => name, "impl" => imp, "cpy_trampoline" => cpy_trampoline,
        "signature" => signature, "doc" => doc);
    layout!(f, HPyMember, "HPyMember", "name" => name, "type" => ty, "offset" => offset,
        "readonly" => readonly, "doc" => doc);
    layout!(f, HPyGetSet, "HPyGetSet", "name" => name, "getter_impl" => getter_imp,
        "setter_impl" => setter_imp, "getter_cpy_trampoline" => getter_cpy_trampoline,
        "setter_cpy_trampoline" => setter_cpy_trampoline, "doc" => doc, "closure" => closure);
    layout!(f, HPyCapsule_Destructor, "HPyCapsule_Destructor", "cpy_trampoline" => cpy_trampoline,
        "impl" => imp);
    layout!(f, HPyCallFunction, "HPyCallFunction", "cpy_trampoline" => cpy_trampoline, "impl" => imp);
    layout!(f, HPy_buffer, "HPy_buffer", "buf" => buf, "obj" => obj, "len" => len, "itemsize" => itemsize,
        "readonly" => readonly, "ndim" => ndim, "format" => format, "shape" => shape,
        "strides" => strides, "suboffsets" => suboffsets, "internal" => internal);
    layout!(f, HPyType_Spec, "HPyType_Spec", "name" => name, "basicsize" => basicsize,
        "itemsize" => itemsize, "flags" => flags, "builtin_shape" => builtin_shape,
        "legacy_slots" => legacy_slots, "defines" => defines, "doc" => doc);
    layout!(f, HPyType_SpecParam, "HPyType_SpecParam", "kind" => kind, "object" => object);
    layout!(f, HPyModuleDef, "HPyModuleDef", "doc" => doc, "size" => size,
        "legacy_methods" => legacy_methods, "defines" => defines, "globals" => globals);
    layout!(f, direct::HPyDirectModule, "_HPyDirectModule", "size" => size, "name" => name,
        "abi_major" => abi_major, "abi_minor" => abi_minor, "init" => init,
        "init_global_context" => init_global_context, "init_extensions" => init_extensions,
        "flags" => flags);
    layout!(f, HPyContextExt, "_HPyContextExt", "base" => base, "extensions" => extensions,
        "shortcuts" => shortcuts);
    layout!(f, HPyShortcuts, "HPyShortcuts", "offers" => offers, "struct_at" => struct_at,
        "small_ints" => small_ints, "type_at" => type_at, "length_at" => length_at);
    layout!(f, HPyBinary, "_HPyBinary", "size" => size, "straight" => straight);
    layout!(f, HPyOpenListBuilder, "_HPyOpenListBuilder", "runtime" => runtime, "size" => size,
        "items" => items, "missing" => missing);
    layout!(f, HPyExtensions, "HPyExtensions", "size" => size, "read_f64" => read_f64,
        "read_i64" => read_i64, "list_from_f64" => list_from_f64, "list_from_i64" => list_from_i64,
        "tuple_from_f64" => tuple_from_f64, "tuple_from_i64" => tuple_from_i64,
        "buffer_get" => buffer_get, "buffer_release" => buffer_release,
        "thread_attach" => thread_attach, "thread_detach" => thread_detach,
        "error_take" => error_take,
        "tree_new" => tree_new, "tree_feed" => tree_feed, "tree_push" => tree_push,
        "tree_pop" => tree_pop, "tree_free" => tree_free, "contents_read" => contents_read,
        "contents_close" => contents_close, "type_set_constructor" => type_set_constructor,
        "walk_new" => walk_new, "walk_enter" => walk_enter, "walk_next" => walk_next,
        "walk_free" => walk_free, "read_in_place" => read_in_place);
    layout!(f, HPyInPlace, "HPyInPlace", "size" => size, "text_flags_at" => text_flags_at,
        "text_flags" => text_flags, "text_at" => text_at, "tuple_items_at" => tuple_items_at,
        "ints" => ints, "dict_next" => dict_next, "leaf" => leaf);
    layout!(f, HPyTreeNode, "HPyTreeNode", "tag" => tag, "value" => value);
    layout!(f, HPyContent, "HPyContent", "tag" => tag, "value" => value, "handle" => handle);
    layout!(f, HPyContext, "HPyContext", "name" => name, "_private" => _private,
        "abi_version" => abi_version);
    for member in MEMBERS {
        facts.insert(format!("offsetof(HPyContext, {})", member.field), member.offset);
    }
    constants(&mut facts);
    facts
}

/// Numbers that both sides spell out.
fn constants(facts: &mut Facts) {
    let numbers: &[(&str, i64)] = &[
        ("HPY_ABI_VERSION", HPY_ABI_VERSION.into()),
        ("HPY_ABI_VERSION_MINOR", HPY_ABI_VERSION_MINOR.into()),
        ("HPy_TPFLAGS_DEFAULT", HPy_TPFLAGS_DEFAULT as i64),
        ("HPy_TPFLAGS_BASETYPE", HPy_TPFLAGS_BASETYPE as i64),
        ("HPy_TPFLAGS_HAVE_VECTORCALL", HPy_TPFLAGS_HAVE_VECTORCALL as i64),
        ("HPy_TPFLAGS_HAVE_GC", HPy_TPFLAGS_HAVE_GC as i64),
        ("HPyDef_Kind_Slot", HPyDef_Kind_Slot.into()),
        ("HPyDef_Kind_Meth", HPyDef_Kind_Meth.into()),
        ("HPyDef_Kind_Member", HPyDef_Kind_Member.into()),
        ("HPyDef_Kind_GetSet", HPyDef_Kind_GetSet.into()),
        ("HPyMember_SHORT", HPyMember_SHORT.into()),
        ("HPyMember_INT", HPyMember_INT.into()),
        ("HPyMember_LONG", HPyMember_LONG.into()),
        ("HPyMember_FLOAT", HPyMember_FLOAT.into()),
        ("HPyMember_DOUBLE", HPyMember_DOUBLE.into()),
        ("HPyMember_STRING", HPyMember_STRING.into()),
        ("HPyMember_OBJECT", HPyMember_OBJECT.into()),
        ("HPyMember_CHAR", HPyMember_CHAR.into()),
        ("HPyMember_BYTE", HPyMember_BYTE.into()),
        ("HPyMember_UBYTE", HPyMember_UBYTE.into()),
        ("HPyMember_USHORT", HPyMember_USHORT.into()),
        ("HPyMember_UINT", HPyMember_UINT.into()),
        ("HPyMember_ULONG", HPyMember_ULONG.into()),
        ("HPyMember_STRING_INPLACE", HPyMember_STRING_INPLACE.into()),
        ("HPyMember_BOOL", HPyMember_BOOL.into()),
        ("HPyMember_OBJECT_EX", HPyMember_OBJECT_EX.into()),
        ("HPyMember_LONGLONG", HPyMember_LONGLONG.into()),
        ("HPyMember_ULONGLONG", HPyMember_ULONGLONG.into()),
        ("HPyMember_HPYSSIZET", HPyMember_HPYSSIZET.into()),
        ("HPyMember_NONE", HPyMember_NONE.into()),
        ("HPyType_BuiltinShape_Legacy", HPyType_BuiltinShape_Legacy.into()),
        ("HPyType_BuiltinShape_Object", HPyType_BuiltinShape_Object.into()),
        ("HPyType_BuiltinShape_Type", HPyType_BuiltinShape_Type.into()),
        ("HPyType_BuiltinShape_Long", HPyType_BuiltinShape_Long.into()),
        ("HPyType_BuiltinShape_Float", HPyType_BuiltinShape_Float.into()),
        ("HPyType_BuiltinShape_Unicode", HPyType_BuiltinShape_Unicode.into()),
        ("HPyType_BuiltinShape_Tuple", HPyType_BuiltinShape_Tuple.into()),
        ("HPyType_BuiltinShape_List", HPyType_BuiltinShape_List.into()),
        ("HPyType_BuiltinShape_Dict", HPyType_BuiltinShape_Dict.into()),
        ("HPyType_SpecParam_Base", HPyType_SpecParam_Base.into()),
        ("HPyType_SpecParam_BasesTuple", HPyType_SpecParam_BasesTuple.into()),
        ("HPyType_SpecParam_Metaclass", HPyType_SpecParam_Metaclass.into()),
        ("HPy_SourceKind_Expr", HPy_SourceKind_Expr.into()),
        ("HPy_SourceKind_File", HPy_SourceKind_File.into()),
        ("HPy_SourceKind_Single", HPy_SourceKind_Single.into()),
        ("HPyCapsule_key_Pointer", HPyCapsule_key_Pointer.into()),
        ("HPyCapsule_key_Name", HPyCapsule_key_Name.into()),
        ("HPyCapsule_key_Context", HPyCapsule_key_Context.into()),
        ("HPyCapsule_key_Destructor", HPyCapsule_key_Destructor.into()),
        ("HPy_LT", cmp::HPy_LT.into()),
        ("HPy_LE", cmp::HPy_LE.into()),
        ("HPy_EQ", cmp::HPy_EQ.into()),
        ("HPy_NE", cmp::HPy_NE.into()),
        ("HPy_GT", cmp::HPy_GT.into()),
        ("HPy_GE", cmp::HPy_GE.into()),
        ("HPY_MODULE_GIL_NOT_USED", ext::HPY_MODULE_GIL_NOT_USED.into()),
        ("HPY_MAY_COUNT_WORDS", ext::HPY_MAY_COUNT_WORDS.into()),
        ("HPY_MAY_COUNT_I32", ext::HPY_MAY_COUNT_I32.into()),
        ("HPY_MAY_SET_ITEMS", ext::HPY_MAY_SET_ITEMS.into()),
        ("HPY_MAY_TAKE_INTS", ext::HPY_MAY_TAKE_INTS.into()),
        ("HPY_MAY_REACH_STRUCTS", ext::HPY_MAY_REACH_STRUCTS.into()),
        ("HPY_STRAIGHT_OFFERS", ext::HPY_STRAIGHT_OFFERS.into()),
        ("HPY_MAY_READ_LENGTHS", ext::HPY_MAY_READ_LENGTHS.into()),
        ("HPY_STRUCT_AT", ext::HPY_STRUCT_AT as i64),
        ("HPY_SMALL_INT_MIN", ext::HPY_SMALL_INT_MIN),
        ("HPY_SMALL_INTS", ext::HPY_SMALL_INTS as i64),
        ("HPY_MODULE_MAIN_INTERPRETER_ONLY", ext::HPY_MODULE_MAIN_INTERPRETER_ONLY.into()),
    ];
    for &(name, value) in numbers {
        facts.insert(format!("({name})"), value as usize);
    }
}

/// What the C compiler says of the same expressions.
fn c_facts(expressions: impl Iterator<Item = String>) -> Facts {
    let mut source = String::from(
        "#define HPY_ABI_UNIVERSAL\n#define HPY_USE_EXTENSIONS\n#include <hpy.h>\n#include <stdio.h>\n\
         #define ALIGNOF(type) offsetof(struct { char c; type t; }, t)\nint main(void)\n{\n",
    );
    for expression in expressions {
        let _ = writeln!(
            source,
            "    printf(\"%s\\t%llu\\n\", \"{expression}\", (unsigned long long)({expression}));"
        );
    }
    source.push_str("    return 0;\n}\n");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let c_file = folder.join("layout.c");
    let program = folder.join("layout");
    std::fs::write(&c_file, source).expect("the test's folder is writable");
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/hpy/devel/include");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut words = compiler.split_whitespace();
    let status = Command::new(words.next().expect("CC names a compiler"))
        .args(words)
        .arg("-I")
        .arg(&include)
        .arg(&c_file)
        .arg("-o")
        .arg(&program)
        .status()
        .unwrap_or_else(|e| panic!("the test needs a C compiler, {compiler} does not start: {e}"));
    assert!(status.success(), "{compiler} does not compile {}", c_file.display());
    let output = Command::new(&program).output().expect("the program runs");
    String::from_utf8(output.stdout)
        .expect("the program prints ASCII")
        .lines()
        .map(|line| {
            let (what, value) = line.split_once('\t').expect("two columns");
            (what.to_owned(), value.parse::<u64>().expect("a number") as usize)
        })
        .collect()
}

#[test]
fn rust_and_c_agree_on_every_layout_and_number() {
    let rust = rust_facts();
    let c = c_facts(rust.keys().cloned());
    let differences: Vec<String> = rust
        .iter()
        .filter(|(what, value)| c.get(*what) != Some(value))
        .map(|(what, value)| format!("{what}: Rust {value}, C {:?}", c.get(what)))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let members = rust.keys().filter(|what| what.starts_with("offsetof(HPyContext, ")).count();
    assert_eq!(members, 273 + 3);
}

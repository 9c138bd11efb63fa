//! `fastjson`: see ../README.md. This file is the module as Python sees it; `read` and `write` are how.

mod exact;
mod input;
mod number;
mod plain;
mod quick;
mod separators;
mod text;
mod wide;
mod write;

/// JSON as the standard library's json has it, faster.
#[hpy::module(gil_used = false)]
mod fastjson {
    use crate::exact::{self, Hooks};
    use crate::input::{self, Truth};
    use crate::separators::Separators;
    use crate::write::{self, Given, Options};
    use hpy::prelude::*;

    /// `json.JSONDecodeError`
    pub static DECODE_ERROR: Global<Type> = Global::new();
    static JSON: Global<Any> = Global::new();

    #[init]
    fn init<'ctx>(ctx: Ctx<'ctx>, module: Ref<'ctx, Module>) -> PyResult<'ctx> {
        let json = ctx.import(c"json")?;
        let error: Handle<'_, Type> = json.getattr(c"JSONDecodeError")?.cast()?;
        module.setattr(c"JSONDecodeError", &error)?;
        module.setattr(c"JSONDecoder", json.getattr(c"JSONDecoder")?)?;
        module.setattr(c"JSONEncoder", json.getattr(c"JSONEncoder")?)?;
        DECODE_ERROR.set(&error);
        JSON.set(&json);
        exact::learn_version(ctx)
    }

    /// `json.NAME(obj, cls=cls, **options)`: what a class of the caller's decides, Python does.
    fn by_class<'ctx>(
        ctx: Ctx<'ctx>,
        name: &str,
        object: Ref<'ctx>,
        class: Option<Ref<'ctx>>,
        options: &[(&'static core::ffi::CStr, Option<Ref<'ctx>>)],
        more: &Handle<'ctx, Dict>,
    ) -> PyResult<'ctx, Handle<'ctx>> {
        let Some(json) = JSON.get(ctx) else { return Err(RuntimeError::new("not initialised")) };
        let keywords = more.copy()?;
        keywords.set_item_str(c"cls", class)?;
        for (name, value) in options {
            if let Some(value) = value {
                keywords.set_item_str(*name, *value)?;
            }
        }
        let arguments = Tuple::from_handles(ctx, &[object.to_owned()])?;
        json.getattr(name)?.call_tuple_dict(&arguments, Some(&keywords))
    }

    /// Python objects from JSON text: a str, or bytes or a bytearray in UTF-8, UTF-16 or UTF-32.
    #[hpy::function(signature = (s, *, cls = None, object_hook = None, parse_float = None, parse_int = None, parse_constant = None, object_pairs_hook = None, strict = None, **kw))]
    #[allow(clippy::too_many_arguments)]
    fn loads<'ctx>(
        ctx: Ctx<'ctx>,
        s: Ref<'ctx>,
        cls: Option<Ref<'ctx>>,
        object_hook: Option<Ref<'ctx>>,
        parse_float: Option<Ref<'ctx>>,
        parse_int: Option<Ref<'ctx>>,
        parse_constant: Option<Ref<'ctx>>,
        object_pairs_hook: Option<Ref<'ctx>>,
        strict: Option<Ref<'ctx>>,
        kw: Handle<'ctx, Dict>,
    ) -> PyResult<'ctx, Handle<'ctx>> {
        if cls.is_some() || kw.len()? > 0 {
            let options = [
                (c"object_hook", object_hook),
                (c"parse_float", parse_float),
                (c"parse_int", parse_int),
                (c"parse_constant", parse_constant),
                (c"object_pairs_hook", object_pairs_hook),
                (c"strict", strict),
            ];
            return by_class(ctx, "loads", s, cls, &options, &kw);
        }
        let strict = strict.map_or(Ok(true), |strict| strict.is_true())?;
        let hooks = Hooks {
            object: object_hook,
            pairs: object_pairs_hook,
            float: parse_float,
            int: parse_int,
            constant: parse_constant,
            strict,
        };
        input::loads(s, &hooks)
    }

    /// `loads(fp.read(), ...)`
    #[hpy::function(signature = (fp, *, cls = None, object_hook = None, parse_float = None, parse_int = None, parse_constant = None, object_pairs_hook = None, strict = None, **kw))]
    #[allow(clippy::too_many_arguments)]
    fn load<'ctx>(
        ctx: Ctx<'ctx>,
        fp: Ref<'ctx>,
        cls: Option<Ref<'ctx>>,
        object_hook: Option<Ref<'ctx>>,
        parse_float: Option<Ref<'ctx>>,
        parse_int: Option<Ref<'ctx>>,
        parse_constant: Option<Ref<'ctx>>,
        object_pairs_hook: Option<Ref<'ctx>>,
        strict: Option<Ref<'ctx>>,
        kw: Handle<'ctx, Dict>,
    ) -> PyResult<'ctx, Handle<'ctx>> {
        let text = fp.call_method(c"read", ())?;
        // SAFETY: the handle stays open until the call below has returned; the result owns what it needs.
        let text = unsafe { Ref::from_raw(ctx, text.as_raw()) };
        loads(
            ctx,
            text,
            cls,
            object_hook,
            parse_float,
            parse_int,
            parse_constant,
            object_pairs_hook,
            strict,
            kw,
        )
    }

    /// JSON text of a Python object.
    #[hpy::function(signature = (obj, *, skipkeys = false, ensure_ascii = true, check_circular = true, allow_nan = true, cls = None, indent = None, separators = None, default = None, sort_keys = false, **kw))]
    #[allow(clippy::too_many_arguments)]
    fn dumps<'ctx>(
        ctx: Ctx<'ctx>,
        obj: Ref<'ctx>,
        skipkeys: Truth,
        ensure_ascii: Truth,
        check_circular: Truth,
        allow_nan: Truth,
        cls: Option<Ref<'ctx>>,
        indent: Option<Ref<'ctx>>,
        separators: Option<Ref<'ctx>>,
        default: Option<Ref<'ctx>>,
        sort_keys: Truth,
        kw: Handle<'ctx, Dict>,
    ) -> PyResult<'ctx, Handle<'ctx>> {
        if cls.is_some() || kw.len()? > 0 {
            let truth = |value: Truth| Some(ctx.bool(value.0));
            let options = [
                (c"skipkeys", truth(skipkeys)),
                (c"ensure_ascii", truth(ensure_ascii)),
                (c"check_circular", truth(check_circular)),
                (c"allow_nan", truth(allow_nan)),
                (c"indent", indent),
                (c"separators", separators),
                (c"default", default),
                (c"sort_keys", truth(sort_keys)),
            ];
            return by_class(ctx, "dumps", obj, cls, &options, &kw);
        }
        let options = Options {
            skip_keys: skipkeys.0,
            ascii: ensure_ascii.0,
            check_circular: check_circular.0,
            allow_nan: allow_nan.0,
            sort_keys: sort_keys.0,
            default,
            separators: Separators::new(indent, separators)?,
        };
        write::dumps(obj, options, Given::Str)
    }

    /// JSON in UTF-8 as bytes, without spaces; not in the standard library.
    #[hpy::function(signature = (obj, *, skipkeys = false, check_circular = true, allow_nan = true, indent = None, default = None, sort_keys = false))]
    #[allow(clippy::too_many_arguments)]
    fn dumpb<'ctx>(
        obj: Ref<'ctx>,
        skipkeys: Truth,
        check_circular: Truth,
        allow_nan: Truth,
        indent: Option<Ref<'ctx>>,
        default: Option<Ref<'ctx>>,
        sort_keys: Truth,
    ) -> PyResult<'ctx, Handle<'ctx>> {
        let options = Options {
            skip_keys: skipkeys.0,
            ascii: false,
            check_circular: check_circular.0,
            allow_nan: allow_nan.0,
            sort_keys: sort_keys.0,
            default,
            separators: Separators::compact(indent)?,
        };
        write::dumps(obj, options, Given::Bytes)
    }

    /// `fp.write(dumps(obj, ...))`
    #[hpy::function(signature = (obj, fp, *, skipkeys = false, ensure_ascii = true, check_circular = true, allow_nan = true, cls = None, indent = None, separators = None, default = None, sort_keys = false, **kw))]
    #[allow(clippy::too_many_arguments)]
    fn dump<'ctx>(
        ctx: Ctx<'ctx>,
        obj: Ref<'ctx>,
        fp: Ref<'ctx>,
        skipkeys: Truth,
        ensure_ascii: Truth,
        check_circular: Truth,
        allow_nan: Truth,
        cls: Option<Ref<'ctx>>,
        indent: Option<Ref<'ctx>>,
        separators: Option<Ref<'ctx>>,
        default: Option<Ref<'ctx>>,
        sort_keys: Truth,
        kw: Handle<'ctx, Dict>,
    ) -> PyResult<'ctx> {
        let text = dumps(
            ctx,
            obj,
            skipkeys,
            ensure_ascii,
            check_circular,
            allow_nan,
            cls,
            indent,
            separators,
            default,
            sort_keys,
            kw,
        )?;
        fp.call_method(c"write", (text,)).map(drop)
    }
}

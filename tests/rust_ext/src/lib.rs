//! What tests/test_rust_sdk*.py load.

mod builtins;
mod classes;
mod conversions;
mod errors;
mod export;
mod protocols;
mod threads;
mod values;

/// The test extension.
#[hpy::module(gil_used = false, stub = "SQUARES: list[int]")]
mod rust_ext {
    use hpy::prelude::*;
    use std::collections::BTreeMap;

    #[export]
    use crate::builtins::{Counts, Folded, Length, Log, Named, Row, Sealed, seal, unit_of};
    // After its base.
    #[export]
    use crate::builtins::Distance;
    #[export]
    use crate::classes::{
        Animal, Attrs, Awaitable, Counter, Dog, Frozen, Graph, Guarded, Items, Node, Number,
        Replaced, Steps, Temperature, Word,
    };
    #[export]
    use crate::conversions::{
        buffer_info, double_buffer, echo_array, echo_bool, echo_btree, echo_btree_set, echo_bytes,
        echo_char, echo_config, echo_duration, echo_f32, echo_f64, echo_i8, echo_i16, echo_i32,
        echo_i64, echo_i128, echo_isize, echo_map, echo_nested, echo_option, echo_os, echo_pair,
        echo_path, echo_set, echo_shape, echo_str, echo_time, echo_tuple1, echo_tuple12, echo_u8,
        echo_u16, echo_u32, echo_u64, echo_u128, echo_usize, echo_vec_f64, echo_vec_i64,
        echo_vec_str, echo_vec_u8, echo_wrapper, slice_sum, sum_buffer,
    };

    #[export]
    use crate::conversions::{echo_either, mapped, run_task};
    #[export]
    use crate::errors::{
        DocumentError, UnknownKey, bad_byte, caught_document, caught_parts, caught_value, chain,
        is_not_found, is_value_error, made_value, open_file, raise_again, raise_with_args,
        read_document, read_key, take_error, unknown_key,
    };
    #[export]
    use crate::errors::{boxed, boxed_for_threads};
    #[export]
    use crate::export::{Grid, Primes, Table};

    #[export]
    use crate::conversions::{
        echo_bigint, echo_biguint, echo_complex, echo_complexes, echo_date, echo_datetime,
        echo_delta, echo_row, echo_settings, echo_time_of_day,
    };
    #[export]
    use crate::protocols::{
        Descriptor, Dying, Echo, Every, Holder, Late, Member, MemberError, Ready, Stream, check,
        half, limited, quarter,
    };
    #[export]
    use crate::threads::{attach_nested, call_in_threads, keep_attaching, panic_attached};
    #[export]
    use crate::values::{
        Color, Level, Measure, Permission, Point, Reading, Squares, can_write, colors, level_name,
        next_color,
    };

    static CACHE: Global<Any> = Global::new();

    /// What `remember` keeps.
    pub fn stored(ctx: Ctx<'_>) -> Option<Handle<'_>> {
        CACHE.get(ctx)
    }

    /// What the functions below share: one per interpreter.
    #[hpy::state]
    #[derive(Default)]
    pub struct Shared {
        calls: u64,
        last: Field<Any>,
        limit: Option<u64>,
    }

    #[hpy::function(signature = (object, by = 1))]
    fn state_call<'ctx>(
        state: State<'ctx, Shared>,
        object: Ref<'ctx>,
        by: u64,
    ) -> PyResult<'ctx, (u64, Option<Handle<'ctx>>)> {
        let before = state.load(|shared| &shared.last)?;
        state.store(|shared| &shared.last, Some(&*object))?;
        let mut shared = state.borrow_mut()?;
        shared.calls += by;
        if shared.limit.is_some_and(|limit| shared.calls > limit) {
            return Err(RuntimeError::new("too many calls"));
        }
        Ok((shared.calls, before))
    }

    #[hpy::function]
    fn state_limit(ctx: Ctx<'_>, limit: Option<u64>) -> PyResult<'_> {
        ctx.state::<Shared>()?.borrow_mut()?.limit = limit;
        Ok(())
    }

    #[constant]
    const ANSWER: i64 = 42;

    #[constant]
    const NAME: &str = "rüst";

    #[init]
    fn init<'ctx>(ctx: Ctx<'ctx>, module: Ref<'ctx, Module>) -> PyResult<'ctx> {
        let squares = List::from_iter(ctx, (0..4i64).map(|n| n * n).collect::<Vec<_>>())?;
        module.setattr(c"SQUARES", &squares)
    }

    /// Something of this extension failed.
    #[hpy::exception]
    struct ExtError;

    /// Text that cannot be read.
    #[hpy::exception(extends = ValueError, name = "ParseError")]
    struct Unreadable;

    #[hpy::function]
    fn fail(kind: &str) -> PyResult<'static> {
        Err(match kind {
            "ext" => ExtError::new("of the extension"),
            "parse" => Unreadable::new("line 1"),
            "io" => std::io::Error::from(std::io::ErrorKind::NotFound).into(),
            "int" => "x".parse::<i32>().map(drop).map_err(PyErr::from).unwrap_err(),
            _ => KeyError::new("no such failure"),
        })
    }

    #[hpy::function]
    fn panics(text: String) -> i64 {
        panic!("panicked with {text}")
    }

    /// Catches what a call raises: its type as text.
    #[hpy::function]
    fn catch<'ctx>(ctx: Ctx<'ctx>, f: Ref<'ctx>) -> PyResult<'ctx, String> {
        match f.call0() {
            Ok(value) => Ok(format!("returned {value:?}")),
            Err(error) if error.is::<Unreadable>(ctx) => Ok("ParseError".to_owned()),
            Err(error) if error.is::<ValueError>(ctx) => Ok("ValueError".to_owned()),
            Err(error) if error.is::<LookupError>(ctx) => Ok("LookupError".to_owned()),
            Err(error) => Err(error),
        }
    }

    /// Drops an error; what follows must not see it.
    #[hpy::function]
    fn ignore<'ctx>(f: Ref<'ctx>) -> PyResult<'ctx, i64> {
        let _ = f.call0();
        Ok(1)
    }

    #[hpy::function]
    fn nothing() {}

    #[hpy::function]
    fn keywords(a: i64, b: i64) -> i64 {
        a * 10 + b
    }

    #[hpy::function(signature = (a, b = 2, /, c = 3, *, d, e = "five", f = None))]
    fn every_kind(a: i64, b: i64, c: i64, d: i64, e: String, f: Option<f64>) -> String {
        format!("{a} {b} {c} {d} {e} {f:?}")
    }

    #[hpy::function(signature = (first, *args, last = -1, **kwargs))]
    fn variadic(
        first: i64,
        args: Vec<i64>,
        last: i64,
        kwargs: BTreeMap<String, i64>,
    ) -> (i64, Vec<i64>, i64, BTreeMap<String, i64>) {
        (first, args, last, kwargs)
    }

    #[hpy::function(signature = (*args, **kwargs))]
    fn raw_variadic<'ctx>(
        args: Args<'ctx>,
        kwargs: Handle<'ctx, Dict>,
    ) -> PyResult<'ctx, (usize, Handle<'ctx>, Handle<'ctx, Dict>)> {
        let first = match args.get(0) {
            Some(first) => first.to_owned(),
            None => kwargs.ctx().none().to_owned(),
        };
        Ok((args.len(), first, kwargs))
    }

    #[hpy::function(signature = (a, b, c, *, key))]
    fn three(a: i64, b: i64, c: i64, key: i64) -> [i64; 4] {
        [a, b, c, key]
    }

    #[hpy::function(signature = (*, k1, k2, k3))]
    fn three_keys(k1: i64, k2: i64, k3: i64) -> [i64; 3] {
        [k1, k2, k3]
    }

    #[hpy::function(signature = (a, b = 1, c = 2))]
    fn defaults(a: i64, b: i64, c: i64) -> [i64; 3] {
        [a, b, c]
    }

    #[hpy::function(signature = (a, b, /, **kwargs))]
    fn only(a: i64, b: i64, kwargs: BTreeMap<String, i64>) -> (i64, i64, Vec<String>) {
        (a, b, kwargs.into_keys().collect())
    }

    #[hpy::function(signature = (x, /))]
    fn positional(x: i64) -> i64 {
        x + 1
    }

    /// Named otherwise in Python.
    #[hpy::function(name = "renamed")]
    fn original(r#type: &str) -> String {
        r#type.to_uppercase()
    }

    #[hpy::function]
    fn call_with<'ctx>(f: Ref<'ctx>, x: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx>> {
        f.call((x, 2, "three"))
    }

    #[hpy::function]
    fn call_kw<'ctx>(f: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx>> {
        f.call_kw((1,), &[("b", 2), ("c", 3)])
    }

    #[hpy::function]
    fn call_method<'ctx>(object: Ref<'ctx>, name: Ref<'ctx, Str>) -> PyResult<'ctx, Handle<'ctx>> {
        object.call_method(&*name, ())
    }

    /// Each operation on two objects, as text.
    #[hpy::function]
    fn operate<'ctx>(a: Ref<'ctx>, b: Ref<'ctx>, op: &str) -> PyResult<'ctx, Handle<'ctx>> {
        match op {
            "+" => a.add(b),
            "-" => a.sub(b),
            "*" => a.mul(b),
            "/" => a.truediv(b),
            "//" => a.floordiv(b),
            "%" => a.rem(b),
            "**" => a.pow(b),
            "<<" => a.lshift(b),
            ">>" => a.rshift(b),
            "&" => a.bitand(b),
            "|" => a.bitor(b),
            "^" => a.bitxor(b),
            "<" => a.compare(b, Compare::Lt)?.into_py(a.ctx()),
            "==" => a.equals(b)?.into_py(a.ctx()),
            _ => Err(ValueError::new(format!("no operator {op}"))),
        }
    }

    #[hpy::function]
    fn iterate<'ctx>(items: Ref<'ctx>) -> PyResult<'ctx, Vec<Handle<'ctx>>> {
        items.iter()?.collect()
    }

    #[hpy::function]
    fn list_items<'ctx>(items: Ref<'ctx, List>) -> PyResult<'ctx, Vec<Handle<'ctx>>> {
        items.items().collect()
    }

    #[hpy::function]
    fn dict_get<'ctx>(
        dict: Ref<'ctx, Dict>,
        key: Ref<'ctx>,
    ) -> PyResult<'ctx, Option<Handle<'ctx>>> {
        dict.get(key)
    }

    #[hpy::function]
    fn slice_indices<'ctx>(
        slice: Ref<'ctx, Slice>,
        len: usize,
    ) -> PyResult<'ctx, (isize, isize, usize)> {
        let found = slice.indices(len)?;
        Ok((found.start, found.step, found.len))
    }

    #[hpy::function]
    fn attributes<'ctx>(object: Ref<'ctx>) -> PyResult<'ctx, (bool, Handle<'ctx>, bool)> {
        object.setattr(c"made", 1)?;
        let value = object.getattr("made")?;
        object.delattr("made")?;
        Ok((object.hasattr(c"made")?, value, object.is_callable()))
    }

    #[hpy::function]
    fn remember<'ctx>(value: Ref<'ctx>) {
        CACHE.set(&value);
    }

    #[hpy::function]
    fn recall(ctx: Ctx<'_>) -> Option<Handle<'_>> {
        CACHE.get(ctx)
    }

    #[hpy::function]
    fn without_python(ctx: Ctx<'_>, count: u64) -> u64 {
        ctx.allow_threads(|| (0..count).sum())
    }

    #[hpy::function]
    fn counters(a: &crate::classes::Counter, b: &mut crate::classes::Counter) -> u64 {
        b.count += a.count;
        b.count
    }

    /// Instances, and none: a function may give back values of a class.
    #[hpy::function]
    fn counters_of(counts: Vec<u64>) -> PyResult<'static, Vec<Option<crate::classes::Counter>>> {
        let made = counts.into_iter().map(|count| match count {
            0 => Ok(None),
            13 => Err(ValueError::new("13 is not counted")),
            _ => Ok(Some(crate::classes::Counter { count, step: 1 })),
        });
        made.collect()
    }

    /// Instances of a class and other objects in containers, and how often each is there.
    #[hpy::function]
    #[allow(clippy::type_complexity)]
    fn in_containers<'ctx>(
        list: Vec<Handle<'ctx, crate::classes::Counter>>,
        map: std::collections::HashMap<String, Handle<'ctx>>,
        pair: (Handle<'ctx, Str>, i64),
        three: [Handle<'ctx, List>; 3],
    ) -> PyResult<'ctx, (u64, Vec<Handle<'ctx>>, Handle<'ctx, Str>, Vec<Handle<'ctx, List>>)> {
        let mut sum = 0;
        for counter in &list {
            sum += counter.borrow()?.count;
        }
        Ok((sum, map.into_values().collect(), pair.0, three.into()))
    }

    #[hpy::function]
    fn make_counter<'ctx>(
        ctx: Ctx<'ctx>,
        count: u64,
    ) -> PyResult<'ctx, Handle<'ctx, crate::classes::Counter>> {
        Handle::instance(ctx, crate::classes::Counter { count, step: 1 })
    }

    #[hpy::function]
    fn warns<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
        ctx.warn(&hpy::exc::UserWarning::type_object(ctx), "careful", 1)
    }

    /// An iterator that is wrong about its length.
    struct Liar(i64);

    impl Iterator for Liar {
        type Item = i64;
        fn next(&mut self) -> Option<i64> {
            self.0 -= 1;
            (self.0 >= 0).then_some(self.0)
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (3, Some(3))
        }
    }

    impl ExactSizeIterator for Liar {}

    #[hpy::function]
    fn list_of(ctx: Ctx<'_>, count: i64) -> PyResult<'_, Handle<'_, List>> {
        List::from_iter(ctx, Liar(count))
    }

    #[hpy::function]
    fn tuple_of(ctx: Ctx<'_>, count: i64) -> PyResult<'_, Handle<'_, Tuple>> {
        Tuple::from_iter(ctx, Liar(count))
    }

    /// A part of the extension.
    #[hpy::module]
    mod inner {
        use hpy::prelude::*;

        #[constant]
        const DEPTH: i64 = 1;

        static LAST: Global<Str> = Global::new();

        /// Twice as much.
        #[hpy::function]
        fn double(x: i64) -> i64 {
            x * 2
        }

        #[hpy::function]
        fn last<'ctx>(ctx: Ctx<'ctx>, text: Ref<'ctx, Str>) -> Option<Handle<'ctx, Str>> {
            let before = LAST.get(ctx);
            LAST.set(&text);
            before
        }

        #[hpy::class(frozen)]
        struct Thing {
            #[hpy(get)]
            size: i64,
        }

        #[hpy::methods]
        impl Thing {
            #[new]
            fn new(size: i64) -> Self {
                Thing { size }
            }
        }
    }
}

/// A part of the same binary that other interpreters than the main one refuse.
#[hpy::module(main_interpreter_only)]
mod rust_main_only {
    #[hpy::function]
    fn here() -> &'static str {
        "main"
    }
}

//! The benchmark module on hpy-rs, as its guide writes such things.

/// The benchmark module on hpy-rs.
#[hpy::module]
mod bench_rust {
    use hpy::prelude::*;

    #[hpy::class(frozen, subclass)]
    struct Point {
        #[hpy(get)]
        x: f64,
        #[hpy(get)]
        y: f64,
    }

    #[hpy::methods]
    impl Point {
        #[new]
        fn new(x: f64, y: f64) -> Self {
            Point { x, y }
        }

        fn norm(&self) -> f64 {
            self.x * self.x + self.y * self.y
        }
    }

    #[hpy::function]
    fn noarg() {}

    #[hpy::function(signature = (x, /))]
    fn one(x: Ref<'_>) -> Ref<'_> {
        x
    }

    #[hpy::function]
    fn named(x: Ref<'_>) -> Ref<'_> {
        x
    }

    #[hpy::function(signature = (a, b, /))]
    fn add(a: i64, b: i64) -> i64 {
        a.wrapping_add(b)
    }

    #[hpy::function(signature = (f, x, /))]
    fn call<'ctx>(f: Ref<'ctx>, x: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx>> {
        f.call((x,))
    }

    #[hpy::function(signature = (text, /))]
    fn length(text: Ref<'_, Str>) -> PyResult<'_, usize> {
        text.len()
    }

    #[hpy::function(signature = (items, /))]
    fn sum_items(items: Ref<'_, List>) -> PyResult<'_, f64> {
        let mut sum = 0.0;
        for item in items.items() {
            sum += item?.extract::<f64>()?;
        }
        Ok(sum)
    }

    #[hpy::function(signature = (items, /))]
    fn sum_bulk(items: Vec<f64>) -> f64 {
        items.iter().sum()
    }

    #[hpy::function(signature = (size, /))]
    fn build(ctx: Ctx<'_>, size: usize) -> PyResult<'_, Handle<'_, List>> {
        List::from_iter(ctx, 0..size)
    }

    #[hpy::function(signature = (size, /))]
    fn build_bulk(size: i64) -> Vec<i64> {
        (0..size).collect()
    }
}

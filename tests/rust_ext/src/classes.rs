//! Classes of every kind.

use hpy::prelude::*;
use std::sync::Mutex;

/// Counts.
#[hpy::class(subclass)]
pub struct Counter {
    /// What was counted.
    #[hpy(get, set)]
    pub count: u64,
    pub step: u64,
}

#[hpy::methods]
impl Counter {
    /// The step of new counters.
    #[classattr]
    const STEP: u64 = 1;

    #[classattr]
    #[hpy(name = "NAMES")]
    fn names() -> Vec<&'static str> {
        vec!["one", "two"]
    }

    #[new]
    #[hpy(signature = (start = 0, *, step = 1))]
    fn new(start: u64, step: u64) -> PyResult<'static, Self> {
        if step == 0 {
            return Err(ValueError::new("step must not be 0"));
        }
        Ok(Counter { count: start, step })
    }

    /// Counts on.
    #[hpy(signature = (times = 1))]
    fn increment(&mut self, times: u64) -> u64 {
        self.count += self.step * times;
        self.count
    }

    /// Calls `f` while the counter is borrowed mutably.
    fn hold<'ctx>(&mut self, f: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx>> {
        f.call0()
    }

    /// Calls `f` while the counter is borrowed.
    fn look<'ctx>(&self, f: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx>> {
        f.call0()
    }

    #[staticmethod]
    #[hpy(signature = (a, b = 1))]
    fn sum(a: u64, b: u64) -> u64 {
        a + b
    }

    /// A counter that starts at a text.
    #[classmethod]
    fn parse<'ctx>(cls: Ref<'ctx, Type>, text: &str) -> PyResult<'ctx, Handle<'ctx>> {
        cls.call((text.trim().parse::<u64>()?,))
    }

    #[getter]
    fn doubled(&self) -> u64 {
        self.count * 2
    }

    #[setter(doubled)]
    fn change_doubled(&mut self, value: u64) {
        self.count = value / 2;
    }

    #[getter(own_type)]
    fn get_type<'ctx>(slf: Ref<'ctx, Self>) -> Handle<'ctx, Type> {
        slf.type_()
    }

    fn __call__(&self, a: u64, b: u64) -> u64 {
        self.count + a * b
    }

    fn __eq__(&self, other: &Counter) -> bool {
        self.count == other.count
    }

    fn __lt__(&self, other: &Counter) -> bool {
        self.count < other.count
    }

    fn __hash__(&self) -> u64 {
        self.count
    }

    fn __bool__(&self) -> bool {
        self.count != 0
    }
}

/// Nothing changes.
#[hpy::class(frozen, name = "Still")]
pub struct Frozen {
    #[hpy(get)]
    value: String,
}

#[hpy::methods]
impl Frozen {
    #[new]
    fn new(value: String) -> Self {
        Frozen { value }
    }

    fn __repr__(&self) -> String {
        format!("Still({:?})", self.value)
    }

    fn __str__(&self) -> &str {
        &self.value
    }
}

/// Numbers modulo 2**64.
#[hpy::class(frozen)]
#[derive(Clone)]
pub struct Number {
    #[hpy(get)]
    value: i64,
}

impl Number {
    fn of(value: i64) -> Number {
        Number { value }
    }
}

/// What operators take: a Number or an int.
pub struct Operand(i64);

impl<'a> FromPy<'a> for Operand {
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        if let Ok(number) = Ref::<Number>::from_py(object) {
            return Ok(Operand(number.borrow()?.value));
        }
        i64::from_py(object).map(Operand)
    }
}

#[hpy::methods]
impl Number {
    #[new]
    fn new(value: i64) -> Self {
        Number::of(value)
    }

    fn __add__(&self, other: Operand) -> Number {
        Number::of(self.value.wrapping_add(other.0))
    }

    fn __radd__(&self, other: Operand) -> Number {
        Number::of(other.0.wrapping_add(self.value))
    }

    fn __sub__(&self, other: Operand) -> Number {
        Number::of(self.value.wrapping_sub(other.0))
    }

    fn __rsub__(&self, other: Operand) -> Number {
        Number::of(other.0.wrapping_sub(self.value))
    }

    fn __mul__(&self, other: Operand) -> Number {
        Number::of(self.value.wrapping_mul(other.0))
    }

    fn __floordiv__(&self, other: Operand) -> PyResult<'static, Number> {
        match self.value.checked_div_euclid(other.0) {
            Some(value) => Ok(Number::of(value)),
            None => Err(ZeroDivisionError::new("division by zero")),
        }
    }

    fn __pow__(&self, exponent: u32, modulo: Option<i64>) -> Number {
        let value = self.value.wrapping_pow(exponent);
        Number::of(modulo.map_or(value, |modulo| value.rem_euclid(modulo)))
    }

    fn __neg__(&self) -> Number {
        Number::of(self.value.wrapping_neg())
    }

    fn __int__(&self) -> i64 {
        self.value
    }

    fn __float__(&self) -> f64 {
        self.value as f64
    }

    fn __index__(&self) -> i64 {
        self.value
    }

    fn __richcmp__(&self, other: Operand, op: Compare) -> bool {
        op.holds(self.value.cmp(&other.0))
    }

    fn __hash__(&self) -> i64 {
        self.value
    }

    fn __format__(&self, spec: &str) -> String {
        format!("<{}|{spec}>", self.value)
    }

    fn __round__(&self) -> i64 {
        self.value
    }
}

/// A list of ints.
#[hpy::class]
pub struct Items {
    items: Vec<i64>,
}

#[hpy::methods]
impl Items {
    #[new]
    #[hpy(signature = (*items))]
    fn new(items: Vec<i64>) -> Self {
        Items { items }
    }

    fn __len__(&self) -> usize {
        self.items.len()
    }

    fn __getitem__(&self, index: usize) -> PyResult<'static, i64> {
        self.items.get(index).copied().ok_or_else(|| IndexError::new("no such item"))
    }

    fn __setitem__(&mut self, index: usize, value: i64) -> PyResult<'static> {
        match self.items.get_mut(index) {
            Some(item) => {
                *item = value;
                Ok(())
            }
            None => Err(IndexError::new("no such item")),
        }
    }

    fn __delitem__(&mut self, index: usize) -> PyResult<'static> {
        if index >= self.items.len() {
            return Err(IndexError::new("no such item"));
        }
        self.items.remove(index);
        Ok(())
    }

    fn __contains__(&self, item: i64) -> bool {
        self.items.contains(&item)
    }

    fn __iadd__(&mut self, other: Vec<i64>) {
        self.items.extend(other);
    }

    fn __iter__<'ctx>(&self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Steps>> {
        Handle::instance(ctx, Steps { left: self.items.clone(), fail_at: None })
    }

    fn __reversed__(&self) -> Vec<i64> {
        self.items.iter().rev().copied().collect()
    }
}

/// An iterator.
#[hpy::class(subclass)]
pub struct Steps {
    left: Vec<i64>,
    fail_at: Option<i64>,
}

#[hpy::methods]
impl Steps {
    #[new]
    #[hpy(signature = (count, fail_at = None))]
    fn new(count: i64, fail_at: Option<i64>) -> Self {
        Steps { left: (0..count).collect(), fail_at }
    }

    fn __iter__(slf: Ref<'_, Self>) -> Ref<'_, Self> {
        slf
    }

    fn __next__(&mut self) -> PyResult<'static, Option<i64>> {
        if self.left.is_empty() {
            return Ok(None);
        }
        let next = self.left.remove(0);
        if self.fail_at == Some(next) {
            return Err(ValueError::new("this step fails"));
        }
        Ok(Some(next))
    }

    fn __length_hint__(&self) -> usize {
        self.left.len()
    }
}

/// Can be awaited.
#[hpy::class(frozen)]
pub struct Awaitable {
    count: i64,
}

#[hpy::methods]
impl Awaitable {
    #[new]
    fn new(count: i64) -> Self {
        Awaitable { count }
    }

    fn __await__<'ctx>(&self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Steps>> {
        Handle::instance(ctx, Steps { left: vec![0; self.count as usize], fail_at: None })
    }

    fn __aiter__(slf: Ref<'_, Self>) -> Ref<'_, Self> {
        slf
    }
}

/// Attributes by name.
#[hpy::class]
pub struct Attrs {
    known: std::collections::BTreeMap<String, i64>,
}

#[hpy::methods]
impl Attrs {
    #[new]
    fn new() -> Self {
        Attrs { known: Default::default() }
    }

    fn __getattr__<'ctx>(&self, name: Ref<'ctx, Str>) -> PyResult<'ctx, i64> {
        let name = name.to_str()?;
        self.known
            .get(name)
            .copied()
            .ok_or_else(|| AttributeError::new(format!("no attribute {name}")))
    }

    fn __setattr__(&mut self, name: String, value: i64) {
        self.known.insert(name, value);
    }

    fn __delattr__(&mut self, name: &str) -> PyResult<'static> {
        match self.known.remove(name) {
            Some(_) => Ok(()),
            None => Err(AttributeError::new(format!("no attribute {name}"))),
        }
    }
}

/// A context manager.
#[hpy::class]
pub struct Guarded {
    #[hpy(get)]
    entered: u32,
    #[hpy(get)]
    failed: bool,
    #[hpy(set)]
    limit: u32,
}

#[hpy::methods]
impl Guarded {
    #[new]
    fn new() -> Self {
        Guarded { entered: 0, failed: false, limit: 1 }
    }

    /// The other half of a property that the struct has the getter of.
    #[setter]
    fn set_failed(&mut self, failed: bool) {
        self.failed = failed;
    }

    /// How many may enter.
    #[getter]
    fn limit(&self) -> u32 {
        self.limit
    }

    fn __enter__<'ctx>(slf: Ref<'ctx, Self>) -> PyResult<'ctx, Ref<'ctx, Self>> {
        slf.borrow_mut()?.entered += 1;
        Ok(slf)
    }

    fn __exit__(&mut self, kind: Ref<'_>, _value: Ref<'_>, _traceback: Ref<'_>) -> bool {
        self.failed = !kind.is_none();
        true
    }
}

/// Part of a linked structure that the garbage collector can take apart.
#[hpy::class(subclass)]
pub struct Node {
    #[hpy(get, set)]
    next: Field<Node>,
    #[hpy(get, set)]
    value: Field<Any>,
}

#[hpy::methods]
impl Node {
    #[new]
    #[hpy(signature = (value = None))]
    fn new<'ctx>(
        cls: Ref<'ctx, Type>,
        value: Option<Ref<'ctx>>,
    ) -> PyResult<'ctx, Handle<'ctx, Node>> {
        let node = Handle::instance_of(&cls, Node { next: Field::empty(), value: Field::empty() })?;
        node.store(|node| &node.value, value.as_deref())?;
        Ok(node)
    }
}

/// Fields in a vector.
#[hpy::class]
pub struct Graph {
    edges: Vec<Field<Any>>,
    #[hpy(no_fields)]
    _log: Mutex<Vec<Box<dyn Fn() + Send>>>,
}

#[hpy::methods]
impl Graph {
    #[new]
    fn new(size: usize) -> Self {
        Graph { edges: (0..size).map(|_| Field::empty()).collect(), _log: Mutex::new(Vec::new()) }
    }

    fn __setitem__<'ctx>(slf: Ref<'ctx, Self>, index: usize, value: Ref<'ctx>) -> PyResult<'ctx> {
        if index >= slf.borrow()?.edges.len() {
            return Err(IndexError::new("no such edge"));
        }
        slf.store(|graph| &graph.edges[index], Some(&*value))
    }

    fn __getitem__<'ctx>(
        slf: Ref<'ctx, Self>,
        index: usize,
    ) -> PyResult<'ctx, Option<Handle<'ctx>>> {
        if index >= slf.borrow()?.edges.len() {
            return Err(IndexError::new("no such edge"));
        }
        slf.load(|graph| &graph.edges[index])
    }
}

/// A base class.
#[hpy::class(subclass)]
pub struct Animal {
    #[hpy(get, set)]
    name: String,
}

#[hpy::methods]
impl Animal {
    #[new]
    fn new(name: String) -> Self {
        Animal { name }
    }

    fn speak(&self) -> String {
        format!("{} makes a sound", self.name)
    }
}

/// A class of its own on top.
#[hpy::class(extends = Animal, subclass)]
pub struct Dog {
    #[hpy(get)]
    tricks: Vec<String>,
}

#[hpy::methods]
impl Dog {
    #[new]
    fn new(name: String) -> (Self, Animal) {
        (Dog { tricks: Vec::new() }, Animal { name })
    }

    fn learn<'ctx>(slf: Ref<'ctx, Self>, trick: String) -> PyResult<'ctx, String> {
        slf.borrow_mut()?.tricks.push(trick.clone());
        let name = slf.as_base().borrow()?.name.clone();
        Ok(format!("{name} learns {trick}"))
    }
}

/// Without a constructor: made by Rust alone.
#[hpy::class]
pub struct Word {
    #[hpy(get)]
    text: String,
}

/// For a test that replaces parts of it for good.
#[hpy::class]
pub struct Replaced {}

#[hpy::methods]
impl Replaced {
    #[new]
    fn new(_first: i64, _second: i64) -> Self {
        Replaced {}
    }
}

/// Says when it is gone.
#[hpy::class]
pub struct Temperature {
    on_drop: OnDrop,
}

struct OnDrop(std::sync::Arc<std::sync::atomic::AtomicU64>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

static DROPPED: std::sync::OnceLock<std::sync::Arc<std::sync::atomic::AtomicU64>> =
    std::sync::OnceLock::new();

#[hpy::methods]
impl Temperature {
    #[new]
    fn new() -> Self {
        Temperature { on_drop: OnDrop(DROPPED.get_or_init(Default::default).clone()) }
    }

    #[staticmethod]
    fn dropped() -> u64 {
        DROPPED.get_or_init(Default::default).load(std::sync::atomic::Ordering::Relaxed)
    }

    fn alive(&self) -> bool {
        std::sync::Arc::strong_count(&self.on_drop.0) > 0
    }
}

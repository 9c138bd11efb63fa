//! Functions that give back what they are given.

use hpy::prelude::*;
use hpy::{FromPy, IntoPy};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Conversions within conversions.
type Nested = HashMap<(i64, String), Option<Vec<[Duration; 2]>>>;

macro_rules! echo {
    ($($name:ident: $ty:ty;)*) => {$(
        #[hpy::function]
        pub fn $name(value: $ty) -> $ty {
            value
        }
    )*};
}

echo! {
    echo_i8: i8;
    echo_u8: u8;
    echo_i16: i16;
    echo_u16: u16;
    echo_i32: i32;
    echo_u32: u32;
    echo_isize: isize;
    echo_usize: usize;
    echo_i64: i64;
    echo_u64: u64;
    echo_i128: i128;
    echo_u128: u128;
    echo_f32: f32;
    echo_f64: f64;
    echo_bool: bool;
    echo_char: char;
    echo_option: Option<i64>;
    echo_pair: (i64, String);
    echo_tuple1: (String,);
    echo_nested: Nested;
    echo_tuple12: (i8, i8, i8, i8, i8, i8, i8, i8, i8, i8, i8, i8);
    echo_vec_i64: Vec<i64>;
    echo_vec_f64: Vec<f64>;
    echo_vec_u8: Vec<u8>;
    echo_vec_str: Vec<String>;
    echo_array: [i64; 3];
    echo_map: HashMap<String, i64>;
    echo_btree: BTreeMap<i64, Vec<i64>>;
    echo_set: HashSet<i64>;
    echo_btree_set: BTreeSet<String>;
    echo_duration: Duration;
    echo_time: SystemTime;
    echo_path: PathBuf;
    echo_os: OsString;
    echo_bigint: num_bigint::BigInt;
    echo_biguint: num_bigint::BigUint;
    echo_complex: num_complex::Complex<f64>;
    echo_complexes: Vec<num_complex::Complex<f64>>;
    echo_date: hpy::Date;
    echo_time_of_day: hpy::Time;
    echo_datetime: hpy::DateTime;
    echo_delta: hpy::TimeDelta;
    echo_settings: Settings;
    echo_row: Row;
    echo_config: Config;
    echo_shape: Shape;
    echo_wrapper: Wrapper;
}

#[hpy::function]
pub fn echo_str(value: &str) -> &str {
    value
}

#[hpy::function]
pub fn echo_bytes(value: &[u8]) -> &[u8] {
    value
}

#[derive(FromPy, IntoPy)]
pub struct Config {
    name: String,
    size: Option<i64>,
    #[hpy(name = "class")]
    kind: Vec<i64>,
}

#[derive(FromPy, IntoPy)]
#[hpy(attributes)]
pub struct Settings {
    level: i64,
    #[hpy(name = "lambda")]
    rate: Option<f64>,
}

#[derive(FromPy, IntoPy)]
#[hpy(tuple)]
pub struct Row {
    key: String,
    value: i64,
}

#[derive(FromPy, IntoPy)]
pub enum Shape {
    Circle {
        radius: f64,
    },
    Rectangle(f64, f64),
    Text(String),
    #[hpy(name = "empty")]
    Empty,
}

#[derive(FromPy, IntoPy)]
#[hpy(transparent)]
pub struct Wrapper {
    inner: i64,
}

/// Parts that are handles.
#[derive(FromPy, IntoPy)]
pub struct Task<'ctx> {
    name: String,
    run: Handle<'ctx>,
    next: Option<Handle<'ctx, List>>,
}

/// Either way holds an object.
#[derive(FromPy, IntoPy)]
pub enum Either<'a> {
    Left(Ref<'a, List>),
    Right { value: Handle<'a, Any> },
}

/// Runs a task; gives it back with its result as what to run.
#[hpy::function]
pub fn run_task<'ctx>(task: Task<'ctx>) -> PyResult<'ctx, Task<'ctx>> {
    let run = task.run.call0()?;
    Ok(Task { run, ..task })
}

#[hpy::function]
pub fn echo_either(value: Either<'_>) -> Either<'_> {
    value
}

/// What a function makes of numbers.
#[hpy::function]
pub fn mapped<'ctx>(f: Ref<'ctx>, numbers: Vec<i64>) -> PyResult<'ctx, Vec<i64>> {
    numbers.into_iter().map(|number| f.call((number,))?.extract()).collect()
}

#[hpy::function]
pub fn slice_sum(values: &[i64]) -> i64 {
    values.iter().sum()
}

#[hpy::function]
pub fn sum_buffer(values: Buffer<'_, f64>) -> f64 {
    values.to_vec().iter().sum()
}

#[hpy::function]
pub fn buffer_info(
    values: Buffer<'_, i32>,
) -> (Vec<usize>, Vec<isize>, bool, Vec<i32>, Option<i32>) {
    let last: Vec<usize> = values.shape().iter().map(|size| size.saturating_sub(1)).collect();
    (
        values.shape().to_vec(),
        values.strides().to_vec(),
        values.items().is_some(),
        values.to_vec(),
        values.get(&last),
    )
}

#[hpy::function]
pub fn double_buffer(mut values: BufferMut<'_, f64>) -> usize {
    values.map(|value| value * 2.0);
    values.len()
}

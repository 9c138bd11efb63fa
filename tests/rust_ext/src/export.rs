//! Classes that give their memory to others.

use hpy::prelude::*;
use hpy::{Export, Memory};
use std::sync::Arc;

/// Numbers in two dimensions.
#[hpy::class(subclass)]
pub struct Grid {
    #[hpy(get)]
    rows: usize,
    #[hpy(get)]
    columns: usize,
    values: Memory<f64>,
    /// Its count is one more than that of views.
    views: Arc<()>,
    /// How `__buffer__` describes the memory.
    #[hpy(get, set)]
    layout: String,
}

#[hpy::methods]
impl Grid {
    #[new]
    fn new(rows: usize, columns: usize) -> Self {
        let values = (0..rows * columns).map(|item| item as f64).collect();
        Grid { rows, columns, values, views: Arc::new(()), layout: "rows".to_owned() }
    }

    fn get(&self, row: usize, column: usize) -> f64 {
        self.values.items()[row * self.columns + column].get()
    }

    fn set(&mut self, row: usize, column: usize, value: f64) {
        self.values.set(row * self.columns + column, value);
    }

    /// Memory of another size: views keep the one before.
    fn resize(&mut self, rows: usize, columns: usize) {
        self.values = Memory::from(vec![0.0; rows * columns]);
        (self.rows, self.columns) = (rows, columns);
    }

    /// Whether the numbers could be doubled as a plain slice.
    fn double(&mut self) -> bool {
        match self.values.get_mut() {
            Some(values) => {
                values.iter_mut().for_each(|value| *value *= 2.0);
                true
            }
            None => false,
        }
    }

    fn views(&self) -> usize {
        Arc::strong_count(&self.views) - 1
    }

    fn __buffer__(&self) -> PyResult<'static, Export> {
        let (rows, columns) = (self.rows, self.columns);
        let whole = self.values.export().keep(Arc::clone(&self.views));
        match self.layout.as_str() {
            "rows" => whole.shape(&[rows, columns]),
            "readonly" => Ok(whole.readonly()),
            "columns" => whole.strided(0, &[columns, rows], &[1, columns as isize]),
            "backwards" => whole.strided(rows * columns - 1, &[rows * columns], &[-1]),
            "scalar" => whole.strided(0, &[], &[]),
            "repeated" => whole.strided(0, &[1 << 20, columns], &[0, 1]),
            "too many" => whole.shape(&[rows, columns + 1]),
            "outside" => whole.strided(1, &[rows, columns], &[columns as isize, 1]),
            "before" => whole.strided(0, &[2], &[-1]),
            "far" => whole.strided(0, &[usize::MAX, 2], &[isize::MAX, 1]),
            "panic" => panic!("no view today"),
            other => Err(ValueError::new(format!("no layout {other}"))),
        }
    }
}

/// Values that nobody changes.
#[hpy::class(frozen)]
pub struct Table {
    values: Arc<[u16]>,
}

#[hpy::methods]
impl Table {
    #[new]
    fn new(values: Vec<u16>) -> Self {
        Table { values: values.into() }
    }

    fn __buffer__(&self) -> Export {
        Export::shared(Arc::clone(&self.values))
    }
}

/// The same for every instance.
#[hpy::class(frozen)]
pub struct Primes {}

#[hpy::methods]
impl Primes {
    #[new]
    fn new() -> Self {
        Primes {}
    }

    fn __buffer__(&self) -> Export {
        Export::constant(&[2i64, 3, 5, 7])
    }
}

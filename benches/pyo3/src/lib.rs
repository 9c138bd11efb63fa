//! The benchmark module on PyO3, as its guide writes such things.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

#[pyclass(frozen, subclass)]
struct Point {
    #[pyo3(get)]
    x: f64,
    #[pyo3(get)]
    y: f64,
}

#[pymethods]
impl Point {
    #[new]
    fn new(x: f64, y: f64) -> Self {
        Point { x, y }
    }

    fn norm(&self) -> f64 {
        self.x * self.x + self.y * self.y
    }
}

#[pymodule]
mod bench_pyo3 {
    use super::*;

    #[pymodule_export]
    use super::Point;

    #[pyfunction]
    fn noarg() {}

    #[pyfunction]
    #[pyo3(signature = (x, /))]
    fn one(x: Bound<'_, PyAny>) -> Bound<'_, PyAny> {
        x
    }

    #[pyfunction]
    fn named(x: Bound<'_, PyAny>) -> Bound<'_, PyAny> {
        x
    }

    #[pyfunction]
    #[pyo3(signature = (a, b, /))]
    fn add(a: i64, b: i64) -> i64 {
        a.wrapping_add(b)
    }

    #[pyfunction]
    #[pyo3(signature = (f, x, /))]
    fn call<'py>(f: &Bound<'py, PyAny>, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        f.call1((x,))
    }

    #[pyfunction]
    #[pyo3(signature = (text, /))]
    fn length(text: &Bound<'_, PyString>) -> PyResult<usize> {
        text.len()
    }

    #[pyfunction]
    #[pyo3(signature = (items, /))]
    fn sum_items(items: &Bound<'_, PyList>) -> PyResult<f64> {
        let mut sum = 0.0;
        for item in items.iter() {
            sum += item.extract::<f64>()?;
        }
        Ok(sum)
    }

    #[pyfunction]
    #[pyo3(signature = (items, /))]
    fn sum_bulk(items: Vec<f64>) -> f64 {
        items.iter().sum()
    }

    #[pyfunction]
    #[pyo3(signature = (size, /))]
    fn build(py: Python<'_>, size: i64) -> PyResult<Bound<'_, PyList>> {
        PyList::new(py, 0..size)
    }

    #[pyfunction]
    #[pyo3(signature = (size, /))]
    fn build_bulk(size: i64) -> Vec<i64> {
        (0..size).collect()
    }
}

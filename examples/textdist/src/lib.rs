//! `textdist`: see ../README.md.

mod distance;

/// String distances. They count Unicode code points.
#[hpy::module(gil_used = false)]
mod textdist {
    use crate::{batch, distance, points};
    use hpy::prelude::*;

    /// How many insertions, deletions and substitutions make `b` of `a`; None where it is more than `limit`.
    #[hpy::function(signature = (a, b, *, limit = None))]
    fn levenshtein(a: &str, b: &str, limit: Option<usize>) -> Option<usize> {
        let limit = limit.unwrap_or(usize::MAX);
        if a.is_ascii() && b.is_ascii() {
            return distance::levenshtein(a.as_bytes(), b.as_bytes(), limit);
        }
        distance::levenshtein(&points(a), &points(b), limit)
    }

    /// The same with the swap of two neighbours as one edit.
    #[hpy::function]
    fn osa(a: &str, b: &str) -> usize {
        distance::osa(&points(a), &points(b))
    }

    /// How many places differ.
    #[hpy::function]
    fn hamming(a: &str, b: &str) -> PyResult<'static, usize> {
        distance::hamming(&points(a), &points(b))
            .ok_or_else(|| ValueError::new("hamming() needs two texts of the same length"))
    }

    /// Jaro similarity, from 0 to 1.
    #[hpy::function]
    fn jaro(a: &str, b: &str) -> f64 {
        distance::jaro(&points(a), &points(b))
    }

    /// Jaro similarity with a reward for equal first characters.
    #[hpy::function(signature = (a, b, *, prefix = 0.1))]
    fn jaro_winkler(a: &str, b: &str, prefix: f64) -> PyResult<'static, f64> {
        if !(0.0..=0.25).contains(&prefix) {
            return Err(ValueError::new(format!("prefix must be from 0 to 0.25, not {prefix}")));
        }
        Ok(distance::jaro_winkler(&points(a), &points(b), prefix))
    }

    /// The distance of each of `others`, computed on several threads; other Python threads run meanwhile.
    #[hpy::function(signature = (text, others, *, threads = 0))]
    fn levenshtein_many(
        ctx: Ctx<'_>,
        text: String,
        others: Vec<String>,
        threads: usize,
    ) -> Vec<i64> {
        ctx.allow_threads(|| batch(&text, &others, usize::MAX, threads))
            .into_iter()
            .map(|distance| distance.map_or(-1, |distance| distance as i64))
            .collect()
    }

    /// The nearest of `choices` with its distance, the first of equals; None where all are farther than `limit`.
    #[hpy::function(signature = (text, choices, *, limit = None, threads = 0))]
    fn closest(
        ctx: Ctx<'_>,
        text: String,
        mut choices: Vec<String>,
        limit: Option<usize>,
        threads: usize,
    ) -> Option<(String, usize)> {
        let limit = limit.unwrap_or(usize::MAX);
        let distances = ctx.allow_threads(|| batch(&text, &choices, limit, threads));
        let (index, distance) = distances
            .into_iter()
            .enumerate()
            .filter_map(|(index, distance)| Some((index, distance?)))
            .min_by_key(|(_, distance)| *distance)?;
        Some((choices.swap_remove(index), distance))
    }
}

fn points(text: &str) -> Vec<char> {
    text.chars().collect()
}

/// Distances of `others` in their order, shared out evenly to `threads` threads, 0 for one per core.
fn batch(text: &str, others: &[String], limit: usize, threads: usize) -> Vec<Option<usize>> {
    let text = points(text);
    let cores = || std::thread::available_parallelism().map_or(1, Into::into);
    let threads = if threads == 0 { cores() } else { threads };
    let share = others.len().div_ceil(threads.max(1)).max(64);
    let work = |part: &[String]| -> Vec<Option<usize>> {
        part.iter().map(|other| distance::levenshtein(&text, &points(other), limit)).collect()
    };
    if others.len() <= share {
        return work(others);
    }
    std::thread::scope(|scope| {
        let work = &work;
        let parts: Vec<_> =
            others.chunks(share).map(|part| scope.spawn(move || work(part))).collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

//! The distances, on slices of any comparable items.

/// How many insertions, deletions and substitutions make `b` of `a`; None where it is more than `limit`.
pub fn levenshtein<T: PartialEq>(a: &[T], b: &[T], limit: usize) -> Option<usize> {
    let (mut a, mut b) = if a.len() < b.len() { (b, a) } else { (a, b) };
    // Equal ends cost nothing and are often most of the text.
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    (a, b) = (&a[same..], &b[same..]);
    let same = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (a, b) = (&a[..a.len() - same], &b[..b.len() - same]);
    if a.len() - b.len() > limit {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        let mut least = row[0];
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
            least = least.min(row[j + 1]);
        }
        if least > limit {
            return None;
        }
    }
    Some(row[b.len()]).filter(|distance| *distance <= limit)
}

/// As [`levenshtein`], with the swap of two neighbours as one edit more; no part is edited twice.
pub fn osa<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let width = b.len() + 1;
    let mut before = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    let mut row = vec![0; width];
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..width {
            let different = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j - 1] + different).min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last[b.len()]
}

/// How many places differ; None for slices of different lengths.
pub fn hamming<T: PartialEq>(a: &[T], b: &[T]) -> Option<usize> {
    (a.len() == b.len()).then(|| a.iter().zip(b).filter(|(x, y)| x != y).count())
}

/// Jaro similarity, 1 for equal slices.
pub fn jaro<T: PartialEq>(a: &[T], b: &[T]) -> f64 {
    if a.is_empty() && b.is_empty() {
        return 1.0;
    }
    let window = (a.len().max(b.len()) / 2).saturating_sub(1);
    let mut taken = vec![false; b.len()];
    let mut matched_a = Vec::new();
    for (i, x) in a.iter().enumerate() {
        let range = i.saturating_sub(window)..(i + window + 1).min(b.len());
        if let Some(j) = range.clone().find(|j| !taken[*j] && b[*j] == *x) {
            taken[j] = true;
            matched_a.push(x);
        }
    }
    if matched_a.is_empty() {
        return 0.0;
    }
    let matched_b = b.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(y, _)| y);
    let moved = matched_a.iter().zip(matched_b).filter(|(x, y)| **x != *y).count() / 2;
    let matches = matched_a.len() as f64;
    (matches / a.len() as f64 + matches / b.len() as f64 + (matches - moved as f64) / matches) / 3.0
}

/// Jaro similarity with a reward of `scale` for each of up to four equal first items.
pub fn jaro_winkler<T: PartialEq>(a: &[T], b: &[T], scale: f64) -> f64 {
    let similarity = jaro(a, b);
    let prefix = a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count();
    similarity + prefix as f64 * scale * (1.0 - similarity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_distances() {
        for (a, b, plain, swapped) in [
            ("kitten", "sitting", 3, 3),
            ("", "abc", 3, 3),
            ("same", "same", 0, 0),
            ("ca", "abc", 3, 3),
            ("abcd", "abdc", 2, 1),
            ("flaw", "lawn", 2, 2),
        ] {
            let (a, b) = (a.as_bytes(), b.as_bytes());
            assert_eq!(levenshtein(a, b, usize::MAX), Some(plain));
            assert_eq!(levenshtein(b, a, plain), Some(plain));
            assert_eq!(levenshtein(a, b, plain.wrapping_sub(1)).is_none(), plain > 0);
            assert_eq!(osa(a, b), swapped);
        }
    }

    #[test]
    fn known_similarities() {
        let close = |x: f64, y: f64| (x - y).abs() < 1e-4;
        assert!(close(jaro(b"MARTHA", b"MARHTA"), 0.9444));
        assert!(close(jaro(b"DIXON", b"DICKSONX"), 0.7667));
        assert!(close(jaro_winkler(b"DIXON", b"DICKSONX", 0.1), 0.8133));
        assert!(close(jaro(b"abc", b"xyz"), 0.0));
        assert_eq!(hamming(b"karolin", b"kathrin"), Some(3));
        assert_eq!(hamming(b"a", b"ab"), None);
    }
}

//! How the numbers spread over their range.

use serde::Serialize;

use crate::quantiles::Sorted;

/// The numbers from `from` up to `to` (the last bin includes it).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Bin {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) count: u64,
}

/// Spreads the numbers over bins of equal width; no bins without numbers, one when all are the same.
pub(crate) fn bins(sorted: &Sorted, least: f64, greatest: f64, bins: u16) -> Vec<Bin> {
    if sorted.runs.is_empty() {
        return Vec::new();
    }
    // Halved first, because the range of two finite numbers may not be finite.
    let half_width = (greatest / 2.0 - least / 2.0) / f64::from(bins);
    let count = if half_width > 0.0 { bins } else { 1 };
    let edge = |at: u16| {
        if at == count {
            greatest
        } else {
            least + half_width * f64::from(at) + half_width * f64::from(at)
        }
    };
    let mut found: Vec<Bin> =
        (0..count).map(|at| Bin { from: edge(at), to: edge(at + 1), count: 0 }).collect();
    let mut at = 0;
    for &(number, times) in &sorted.runs {
        while at + 1 < found.len() && number >= found[at].to {
            at += 1;
        }
        found[at].count += times;
    }
    found
}

/// A bar of `width` columns for `count` out of `most`, to an eighth of a column; never empty for a count above zero.
pub(crate) fn bar(count: u64, most: u64, width: u64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if count == 0 || most == 0 {
        return String::new();
    }
    let eighths = u128::from(count) * u128::from(width) * 8 / u128::from(most);
    let eighths = usize::try_from(eighths).unwrap_or(usize::MAX).max(1);
    "█".repeat(eighths / 8) + PARTS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(numbers: &[f64]) -> Sorted {
        Sorted { exact: true, runs: numbers.iter().map(|&number| (number, 1)).collect() }
    }

    #[test]
    fn every_number_falls_into_one_bin() {
        let numbers: Vec<f64> = (0..=100).map(f64::from).collect();
        let found = bins(&sorted(&numbers), 0.0, 100.0, 10);
        let counts: Vec<u64> = found.iter().map(|bin| bin.count).collect();
        assert_eq!(counts, [10, 10, 10, 10, 10, 10, 10, 10, 10, 11]);
        assert_eq!((found[3].from, found[3].to), (30.0, 40.0));
    }

    #[test]
    fn equal_numbers_need_one_bin_and_none_need_none() {
        assert_eq!(
            bins(&sorted(&[2.0, 2.0]), 2.0, 2.0, 10),
            [Bin { from: 2.0, to: 2.0, count: 2 }]
        );
        assert_eq!(bins(&sorted(&[]), f64::INFINITY, f64::NEG_INFINITY, 10), []);
    }

    #[test]
    fn the_widest_range_has_finite_bins() {
        let found = bins(&sorted(&[f64::MIN, 0.0, f64::MAX]), f64::MIN, f64::MAX, 4);
        assert!(found.iter().all(|bin| bin.from.is_finite() && bin.to.is_finite()));
        assert_eq!(found.iter().map(|bin| bin.count).collect::<Vec<_>>(), [1, 0, 1, 1]);
    }

    #[test]
    fn bars_are_drawn_to_an_eighth() {
        assert_eq!(bar(0, 10, 4), "");
        assert_eq!(bar(1, 1_000_000, 4), "▏");
        assert_eq!(bar(5, 10, 4), "██");
        assert_eq!(bar(10, 10, 4), "████");
        assert_eq!(bar(u64::MAX, u64::MAX, 4), "████");
    }
}

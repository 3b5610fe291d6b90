//! Percentiles of a stream in bounded memory.

use std::collections::BTreeMap;

/// How many numbers are kept one by one (64 MiB); beyond that they are sketched.
const EXACT_LIMIT: usize = 8 * 1024 * 1024;

/// The relative error of a sketched number, at most.
pub(crate) const SKETCH_ERROR: f64 = 0.001;

/// The numbers themselves while they are few, a sketch of them when they are many.
#[derive(Debug)]
pub(crate) struct Quantiles {
    limit: usize,
    few: Vec<f64>,
    many: Option<Sketch>,
}

impl Default for Quantiles {
    fn default() -> Self {
        Self::with_limit(EXACT_LIMIT)
    }
}

impl Quantiles {
    fn with_limit(limit: usize) -> Self {
        Self { limit, few: Vec::new(), many: None }
    }

    /// Adds one finite number.
    pub(crate) fn add(&mut self, number: f64) {
        if let Some(sketch) = &mut self.many {
            sketch.add(number);
            return;
        }
        self.few.push(number);
        if self.few.len() > self.limit {
            let mut sketch = Sketch::new();
            std::mem::take(&mut self.few).into_iter().for_each(|number| sketch.add(number));
            self.many = Some(sketch);
        }
    }

    /// The numbers in order, ready to be asked.
    pub(crate) fn into_sorted(mut self) -> Sorted {
        match self.many {
            None => {
                self.few.sort_unstable_by(f64::total_cmp);
                Sorted {
                    exact: true,
                    runs: self.few.into_iter().map(|number| (number, 1)).collect(),
                }
            }
            Some(sketch) => Sorted { exact: false, runs: sketch.runs() },
        }
    }
}

/// Numbers in ascending order, each with how often it occurs.
#[derive(Debug)]
pub(crate) struct Sorted {
    /// Whether the numbers are those that were read, and not neighbours within [`SKETCH_ERROR`].
    pub(crate) exact: bool,
    /// Pairs of a number and its count.
    pub(crate) runs: Vec<(f64, u64)>,
}

impl Sorted {
    /// The number below which `percent` of all lie, interpolated between the two closest ranks; `None` without numbers.
    pub(crate) fn percentile(&self, percent: f64) -> Option<f64> {
        let count: u64 = self.runs.iter().map(|(_, count)| count).sum();
        let rank = percent / 100.0 * count.checked_sub(1)? as f64;
        let below = self.at_rank(rank.floor() as u64)?;
        let above = self.at_rank(rank.ceil() as u64)?;
        let share = rank.fract();
        // Not `below + share * (above - below)`, whose difference can overflow.
        Some(below * (1.0 - share) + above * share)
    }

    fn at_rank(&self, rank: u64) -> Option<f64> {
        if self.exact {
            return self.runs.get(usize::try_from(rank).ok()?).map(|(number, _)| *number);
        }
        let mut passed = 0;
        self.runs.iter().find_map(|(number, count)| {
            passed += count;
            (passed > rank).then_some(*number)
        })
    }
}

/// Counts numbers in buckets whose bounds grow by a constant factor (as DDSketch does), so that the error is relative.
#[derive(Debug)]
struct Sketch {
    growth: f64,
    buckets: BTreeMap<i64, u64>,
}

/// Lifts every bucket index above zero, which is the bucket of zero itself; finite numbers stay within ±380,000.
const LIFT: i64 = 1_000_000;

impl Sketch {
    fn new() -> Self {
        Self { growth: (1.0 + SKETCH_ERROR) / (1.0 - SKETCH_ERROR), buckets: BTreeMap::new() }
    }

    fn add(&mut self, number: f64) {
        *self.buckets.entry(self.index(number)).or_default() += 1;
    }

    fn index(&self, number: f64) -> i64 {
        if number == 0.0 {
            return 0;
        }
        let index = (number.abs().ln() / self.growth.ln()).ceil() as i64 + LIFT;
        if number < 0.0 { -index } else { index }
    }

    fn runs(self) -> Vec<(f64, u64)> {
        let number = |index: i64| {
            if index == 0 {
                return 0.0;
            }
            let exponent = (index.abs() - LIFT) as f64;
            let middle = (exponent * self.growth.ln()).exp() * 2.0 / (self.growth + 1.0);
            middle.min(f64::MAX).copysign(index as f64)
        };
        self.buckets.iter().map(|(&index, &count)| (number(index), count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(limit: usize, numbers: impl IntoIterator<Item = f64>) -> Sorted {
        let mut quantiles = Quantiles::with_limit(limit);
        numbers.into_iter().for_each(|number| quantiles.add(number));
        quantiles.into_sorted()
    }

    #[test]
    fn percentiles_interpolate_between_ranks() {
        let four = sorted(100, [4.0, 1.0, 3.0, 2.0]);
        let cases = [(0.0, 1.0), (25.0, 1.75), (50.0, 2.5), (90.0, 3.7), (100.0, 4.0)];
        for (percent, expected) in cases {
            let found = four.percentile(percent).expect("there are numbers");
            assert!((found - expected).abs() < 1e-12, "{percent}: {found}");
        }
        assert_eq!(sorted(100, [7.0]).percentile(99.0), Some(7.0));
        assert_eq!(sorted(100, []).percentile(50.0), None);
    }

    #[test]
    fn many_numbers_are_sketched_within_the_promised_error() {
        let numbers = (-50_000..=50_000).map(|number| f64::from(number) * 1.7);
        let many = sorted(1_000, numbers);
        assert!(!many.exact);
        for percent in [0.0, 1.0, 25.0, 50.0, 75.0, 99.0, 100.0] {
            let expected = (percent / 100.0 * 100_000.0 - 50_000.0) * 1.7;
            let found = many.percentile(percent).expect("there are numbers");
            assert!(
                (found - expected).abs() <= expected.abs() * SKETCH_ERROR * 1.01,
                "{percent}: {found} for {expected}"
            );
        }
    }

    #[test]
    fn the_extremes_of_the_range_can_be_sketched() {
        let extremes = [f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 0.0, -0.0];
        let many = sorted(1, extremes);
        assert!(many.runs.iter().all(|(number, _)| number.is_finite()));
        assert!(many.runs.is_sorted_by(|left, right| left.0 <= right.0));
        assert_eq!(many.runs.iter().map(|(_, count)| count).sum::<u64>(), 6);
    }
}

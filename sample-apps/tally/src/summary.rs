//! The running sums.

use crate::quantiles::Quantiles;

/// What is known about the numbers so far.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) count: u64,
    pub(crate) least: f64,
    pub(crate) greatest: f64,
    pub(crate) quantiles: Quantiles,
    total: f64,
    /// What rounding has taken from `total` so far (Neumaier's compensated summation).
    lost: f64,
    mean: f64,
    /// Sum of squared distances from the mean (Welford's method, stable where the textbook formula cancels).
    squares: f64,
}

impl Default for Summary {
    fn default() -> Self {
        Self {
            count: 0,
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
            quantiles: Quantiles::default(),
            total: 0.0,
            lost: 0.0,
            mean: 0.0,
            squares: 0.0,
        }
    }
}

impl Summary {
    /// Adds one finite number.
    pub(crate) fn add(&mut self, number: f64) {
        self.count += 1;
        self.least = self.least.min(number);
        self.greatest = self.greatest.max(number);
        self.quantiles.add(number);

        let total = self.total + number;
        self.lost += if self.total.abs() >= number.abs() {
            (self.total - total) + number
        } else {
            (number - total) + self.total
        };
        self.total = total;

        let distance = number - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (number - self.mean);
    }

    /// The sum; infinite when it does not fit.
    pub(crate) fn sum(&self) -> f64 {
        if self.total.is_finite() { self.total + self.lost } else { self.total }
    }

    /// The arithmetic mean, of at least one number.
    pub(crate) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum() / self.count as f64)
    }

    /// The standard deviation of a sample, of at least two numbers.
    pub(crate) fn deviation(&self) -> Option<f64> {
        (self.count > 1).then(|| (self.squares / (self.count - 1) as f64).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(numbers: &[f64]) -> Summary {
        let mut summary = Summary::default();
        numbers.iter().for_each(|&number| summary.add(number));
        summary
    }

    #[test]
    fn small_numbers_survive_beside_large_ones() {
        assert_eq!(summary(&[1.0, 1e100, 1.0, -1e100]).sum(), 2.0);
        assert_eq!(summary(&[0.1; 10]).sum(), 1.0);
    }

    #[test]
    fn the_deviation_survives_a_large_offset() {
        let deviation = summary(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]).deviation();
        assert!((deviation.expect("there are four") - 30_f64.sqrt()).abs() < 1e-6);
    }

    #[test]
    fn what_needs_more_numbers_is_absent() {
        assert_eq!(summary(&[]).mean(), None);
        assert_eq!(summary(&[3.0]).mean(), Some(3.0));
        assert_eq!(summary(&[3.0]).deviation(), None);
    }

    #[test]
    fn a_sum_beyond_the_range_is_infinite_and_not_nonsense() {
        assert_eq!(summary(&[f64::MAX, f64::MAX]).sum(), f64::INFINITY);
    }
}

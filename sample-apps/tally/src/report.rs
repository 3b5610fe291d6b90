//! The result, for people and for programs.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::histogram::{Bin, bar, bins};
use crate::summary::Summary;

/// Columns of the longest histogram bar.
const BAR_WIDTH: u64 = 40;
/// Significant digits printed for people: the rest of a sum is rounding.
const DIGITS: usize = 12;

/// Everything that is printed.
#[derive(Debug)]
pub(crate) struct Report {
    count: u64,
    skipped: u64,
    /// Name and value in the order of printing; no value where there are too few numbers.
    figures: Vec<(String, Option<f64>)>,
    exact: bool,
    histogram: Option<Vec<Bin>>,
}

impl Report {
    /// Draws the conclusions from `summary`; `bin_count` asks for a histogram.
    pub(crate) fn new(
        summary: Summary,
        skipped: u64,
        percentiles: &[f64],
        bin_count: Option<u16>,
    ) -> Self {
        let (least, greatest) = (summary.least, summary.greatest);
        let some = |number: f64| (summary.count > 0).then_some(number);
        let mut figures = vec![
            ("sum".to_owned(), Some(summary.sum())),
            ("min".to_owned(), some(least)),
            ("max".to_owned(), some(greatest)),
            ("mean".to_owned(), summary.mean()),
            ("stddev".to_owned(), summary.deviation()),
        ];
        let count = summary.count;
        let sorted = summary.quantiles.into_sorted();
        // A sketched extreme may lie a little outside what was read.
        let percentile =
            |percent| sorted.percentile(percent).map(|number| number.clamp(least, greatest));
        figures.push(("median".to_owned(), percentile(50.0)));
        figures.extend(
            percentiles.iter().map(|&percent| (format!("p{percent}"), percentile(percent))),
        );
        let histogram = bin_count.map(|bin_count| bins(&sorted, least, greatest, bin_count));
        Self { count, skipped, figures, exact: sorted.exact, histogram }
    }

    /// One JSON object and a line end; what cannot be told is null.
    pub(crate) fn json(&self) -> String {
        let mut object = Map::new();
        object.insert("count".to_owned(), json!(self.count));
        object.insert("skipped".to_owned(), json!(self.skipped));
        for (name, value) in &self.figures {
            object.insert(name.clone(), json!(value));
        }
        object.insert("exact".to_owned(), json!(self.exact));
        if let Some(histogram) = &self.histogram {
            object.insert("histogram".to_owned(), json!(histogram));
        }
        format!("{}\n", Value::Object(object))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.figures.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max(6);
        writeln!(formatter, "{:<width$}  {}", "count", self.count)?;
        for (name, value) in &self.figures {
            let about =
                if self.exact || !(name == "median" || name.starts_with('p')) { "" } else { "~" };
            let value = value.map_or_else(|| "-".to_owned(), decimal);
            writeln!(formatter, "{name:<width$}  {about}{value}")?;
        }
        match &self.histogram {
            Some(histogram) if !histogram.is_empty() => write_histogram(formatter, histogram),
            _ => Ok(()),
        }
    }
}

fn write_histogram(formatter: &mut fmt::Formatter<'_>, histogram: &[Bin]) -> fmt::Result {
    let rows: Vec<(String, String)> =
        histogram.iter().map(|bin| (decimal(bin.from), decimal(bin.to))).collect();
    let from = rows.iter().map(|row| row.0.len()).max().unwrap_or(0);
    let to = rows.iter().map(|row| row.1.len()).max().unwrap_or(0);
    let most = histogram.iter().map(|bin| bin.count).max().unwrap_or(0);
    let counts = most.to_string().len();
    writeln!(formatter)?;
    for (bin, row) in histogram.iter().zip(&rows) {
        let bar = bar(bin.count, most, BAR_WIDTH);
        let line = format!("{:>from$} .. {:>to$}  {:>counts$}  {bar}", row.0, row.1, bin.count);
        writeln!(formatter, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A number as people write it: [`DIGITS`] significant digits, an exponent only where it helps.
fn decimal(number: f64) -> String {
    if !number.is_finite() {
        return "overflow".to_owned();
    }
    let rounded: f64 = format!("{number:.*e}", DIGITS - 1).parse().unwrap_or(number);
    let size = rounded.abs();
    if rounded == 0.0 {
        "0".to_owned()
    } else if (1e-5..1e15).contains(&size) {
        // Whole numbers keep every digit a 64-bit float can tell apart.
        if number.fract() == 0.0 { number.to_string() } else { rounded.to_string() }
    } else {
        format!("{rounded:e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(numbers: &[f64], bins: Option<u16>) -> Report {
        let mut summary = Summary::default();
        numbers.iter().for_each(|&number| summary.add(number));
        Report::new(summary, 0, &[90.0], bins)
    }

    #[test]
    fn numbers_are_printed_as_people_write_them() {
        let cases = [
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333333333"),
            (-0.0, "0"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e300, "1e300"),
            (2.5e-9, "2.5e-9"),
            (f64::INFINITY, "overflow"),
        ];
        for (number, expected) in cases {
            assert_eq!(decimal(number), expected);
        }
    }

    #[test]
    fn people_get_a_table_with_bars() {
        let expected = "\
count   4
sum     10
min     1
max     4
mean    2.5
stddev  1.29099444874
median  2.5
p90     3.7

  1 .. 2.5  2  ████████████████████████████████████████
2.5 ..   4  2  ████████████████████████████████████████
";
        assert_eq!(report(&[1.0, 2.0, 3.0, 4.0], Some(2)).to_string(), expected);
    }

    #[test]
    fn programs_get_null_where_nothing_can_be_told() {
        let object: Value = serde_json::from_str(&report(&[], Some(3)).json()).expect("it is JSON");
        assert_eq!(object["count"], 0);
        assert_eq!(object["sum"], 0.0);
        assert_eq!(object["mean"], Value::Null);
        assert_eq!(object["histogram"], json!([]));
    }
}

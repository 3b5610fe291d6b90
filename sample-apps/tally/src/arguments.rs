//! The command line.

use clap::Parser;

use crate::lines::Column;

/// The most histogram bins: more do not fit a screen.
const MAX_BINS: u16 = 200;

/// Counts and sums the numbers on standard input, one a line.
///
/// Blank lines are ignored.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "\
Exit codes:
  0  every line was a number
  1  a line was not a number (with --skip: the others were added up all the same)
  2  wrong usage
  3  reading or writing failed

Examples:
  du -k * | tally --field 1
  tally --field 3 --delimiter , --percentile 50,95,99.9 < requests.csv
  seq 1000 | tally --histogram"
)]
pub(crate) struct Arguments {
    /// Leave out lines that are not numbers; each is reported on standard error
    #[arg(short, long)]
    pub(crate) skip: bool,

    /// Read this column of each line, counted from 1
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    field: Option<u16>,

    /// What separates columns [default: white space]
    #[arg(short, long, value_name = "CHARACTER", requires = "field", value_parser = one_byte)]
    delimiter: Option<u8>,

    /// Percentiles to print, from 0 to 100, separated by commas
    #[arg(short, long = "percentile", value_name = "P", value_delimiter = ',', default_values_t = [90.0, 99.0], value_parser = percentile)]
    pub(crate) percentiles: Vec<f64>,

    /// Draw a histogram with this many bins
    #[arg(long, value_name = "BINS", num_args = 0..=1, default_missing_value = "10", value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_BINS)))]
    pub(crate) histogram: Option<u16>,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    /// Say how long the trial lasts, and read nothing
    #[arg(long)]
    pub(crate) trial: bool,
}

impl Arguments {
    /// Which part of each line holds the number.
    pub(crate) fn column(&self) -> Column {
        match (self.field, self.delimiter) {
            (None, _) => Column::Whole,
            (Some(field), None) => Column::Spaced(usize::from(field) - 1),
            (Some(field), Some(delimiter)) => Column::Delimited(usize::from(field) - 1, delimiter),
        }
    }
}

fn one_byte(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [byte] if *byte != b'\n' => Ok(*byte),
        _ => Err("give one ASCII character, or \\t for a tab".to_owned()),
    }
}

fn percentile(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(number) if (0.0..=100.0).contains(&number) => Ok(number),
        _ => Err("give a number from 0 to 100".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_delimiter_is_one_character() {
        assert_eq!(one_byte(","), Ok(b','));
        assert_eq!(one_byte("\\t"), Ok(b'\t'));
        for text in ["", "ab", "\n", "é"] {
            assert!(one_byte(text).is_err(), "{text:?}");
        }
    }
}

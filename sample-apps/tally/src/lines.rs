//! Splits the input into lines and each line into its number.

use std::fmt;
use std::io::{self, BufRead, Read};

/// The longest line, in bytes, that can hold a number; longer ones are not numbers, and are never held in memory.
pub(crate) const MAX_LINE: usize = 64 * 1024;

/// How many characters of an offending line are shown.
const SHOWN: usize = 40;

/// Which part of a line holds the number; columns are counted from 0.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    Whole,
    Spaced(usize),
    Delimited(usize, u8),
}

/// A line without a number in its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotANumber {
    line: u64,
    reason: Reason,
}

#[derive(Debug, PartialEq, Eq)]
enum Reason {
    Text(String),
    NoSuchColumn(usize),
    TooLong,
}

impl fmt::Display for NotANumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: ", self.line)?;
        match &self.reason {
            Reason::Text(text) => write!(formatter, "{text:?} is not a number"),
            Reason::NoSuchColumn(column) => write!(formatter, "there is no column {}", column + 1),
            Reason::TooLong => write!(formatter, "longer than {MAX_LINE} bytes, so not a number"),
        }
    }
}

/// The numbers of an input, line by line, in constant memory.
pub(crate) struct Lines<R> {
    input: R,
    column: Column,
    buffer: Vec<u8>,
    line: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R, column: Column) -> Self {
        Self { input, column, buffer: Vec::new(), line: 0 }
    }

    /// The number of the next line that is not blank; `None` at the end of the input.
    pub(crate) fn next_number(&mut self) -> io::Result<Option<Result<f64, NotANumber>>> {
        loop {
            self.buffer.clear();
            let limit = MAX_LINE as u64 + 1;
            if (&mut self.input).take(limit).read_until(b'\n', &mut self.buffer)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if self.buffer.len() > MAX_LINE && self.buffer.last() != Some(&b'\n') {
                self.input.skip_until(b'\n')?;
                return Ok(Some(Err(NotANumber { line: self.line, reason: Reason::TooLong })));
            }
            let line = self.buffer.trim_ascii();
            if line.is_empty() {
                continue;
            }
            let number = number_in(line, self.column);
            return Ok(Some(number.map_err(|reason| NotANumber { line: self.line, reason })));
        }
    }
}

fn number_in(line: &[u8], column: Column) -> Result<f64, Reason> {
    let (field, at) = match column {
        Column::Whole => (Some(line), 0),
        Column::Spaced(at) => {
            let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
            (fields.nth(at), at)
        }
        Column::Delimited(at, delimiter) => (line.split(|&byte| byte == delimiter).nth(at), at),
    };
    let field = field.ok_or(Reason::NoSuchColumn(at))?.trim_ascii();
    // Rust also reads "inf" and "NaN", and turns 1e999 into infinity: none of them can be added up.
    std::str::from_utf8(field)
        .ok()
        .and_then(|text| text.parse::<f64>().ok())
        .filter(|number| number.is_finite())
        .ok_or_else(|| Reason::Text(String::from_utf8_lossy(field).chars().take(SHOWN).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8], column: Column) -> Vec<Result<f64, String>> {
        let mut lines = Lines::new(input, column);
        std::iter::from_fn(|| lines.next_number().expect("memory can be read"))
            .map(|line| line.map_err(|problem| problem.to_string()))
            .collect()
    }

    #[test]
    fn every_way_to_write_a_number_is_read() {
        assert_eq!(
            read(b"1\n -2.5\r\n+3e2\n\n.5\n5.", Column::Whole),
            [Ok(1.0), Ok(-2.5), Ok(300.0), Ok(0.5), Ok(5.0)]
        );
    }

    #[test]
    fn what_is_not_a_number_is_named_with_its_line() {
        let cases: [(&[u8], &str); 6] = [
            (b"\n\nabc", r#"line 3: "abc" is not a number"#),
            (b"nan", r#"line 1: "nan" is not a number"#),
            (b"1e999", r#"line 1: "1e999" is not a number"#),
            (b"1,000", r#"line 1: "1,000" is not a number"#),
            (b"\x1b[2J", "line 1: \"\\u{1b}[2J\" is not a number"),
            (b"\xff", "line 1: \"\u{fffd}\" is not a number"),
        ];
        for (input, expected) in cases {
            assert_eq!(read(input, Column::Whole), [Err(expected.to_owned())]);
        }
    }

    #[test]
    fn columns_are_found_by_space_or_delimiter() {
        assert_eq!(read(b"a  7\tb\n", Column::Spaced(1)), [Ok(7.0)]);
        assert_eq!(read(b"a,,7\n", Column::Delimited(2, b',')), [Ok(7.0)]);
        assert_eq!(
            read(b"a\n", Column::Spaced(1)),
            [Err("line 1: there is no column 2".to_owned())]
        );
    }

    #[test]
    fn an_overlong_line_is_passed_over_without_being_kept() {
        let mut input = vec![b'1'; MAX_LINE * 3];
        input.extend_from_slice(b"\n4\n");
        let mut lines = Lines::new(&input[..], Column::Whole);
        let first = lines.next_number().expect("memory can be read").expect("there is a line");
        assert_eq!(first, Err(NotANumber { line: 1, reason: Reason::TooLong }));
        assert_eq!(lines.next_number().expect("memory can be read"), Some(Ok(4.0)));
        assert!(lines.buffer.capacity() <= MAX_LINE * 2 + 2);
    }

    #[test]
    fn the_longest_line_is_still_read() {
        let mut input = vec![b' '; MAX_LINE];
        input[0] = b'9';
        input.push(b'\n');
        assert_eq!(read(&input, Column::Whole), [Ok(9.0)]);
    }
}

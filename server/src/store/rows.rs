//! Statements over several rows at once: each statement costs more than the row that it is for.

use std::iter;

/// The most rows of one statement. Their values are far fewer than either database allows (SQLite 32,766).
const MOST: usize = 128;

/// Parts of rows, each for one statement. Their lengths are powers of two, so that there are few statements, and a
/// connection has them prepared.
pub(super) fn parts<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    iter::from_fn(move || {
        let length = 1 << rows.len().checked_ilog2()?;
        let (part, rest) = rows.split_at(MOST.min(length));
        rows = rest;
        Some(part)
    })
}

/// The rows of a `VALUES` list with so many placeholders each, `($1, $2), ($3, $4)`.
pub(super) fn rows(count: usize, columns: usize) -> String {
    let row = |row: usize| {
        let placeholders = (1..=columns).map(|column| format!("${}", row * columns + column));
        format!("({})", placeholders.collect::<Vec<_>>().join(", "))
    };
    (0..count).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{parts, rows};

    #[test]
    fn placeholders_are_counted_over_all_rows() {
        assert_eq!(rows(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }

    #[test]
    fn parts_are_powers_of_two_and_hold_every_row_once() {
        for (count, lengths) in [
            (0, vec![]),
            (1, vec![1]),
            (45, vec![32, 8, 4, 1]),
            (128, vec![128]),
            (300, vec![128, 128, 32, 8, 4]),
        ] {
            let all: Vec<usize> = (0..count).collect();
            assert_eq!(parts(&all).map(<[usize]>::len).collect::<Vec<_>>(), lengths);
            assert_eq!(parts(&all).flatten().copied().collect::<Vec<_>>(), all);
        }
    }
}

//! Statements over several rows at once: each statement costs more than the row that it is for.

/// The most rows of one statement. Their values are far fewer than either database allows (SQLite 32,766).
pub(super) const ROWS: usize = 500;

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
    use super::rows;

    #[test]
    fn placeholders_are_counted_over_all_rows() {
        assert_eq!(rows(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }
}

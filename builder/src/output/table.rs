//! Tables that fit the terminal.

use std::io::IsTerminal as _;

use trybuy_formats::terminal_text as text;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::error::Error;

/// A table: a header and rows of cells.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    /// The column that is shortened first where the terminal is narrow.
    flexible: usize,
}

impl Table {
    /// A table with this header; `flexible` is the column that may be shortened.
    pub(crate) fn new(header: &[&str], flexible: usize) -> Self {
        let header = header.iter().map(|title| (*title).to_owned()).collect();
        Self { rows: vec![header], flexible }
    }

    /// Adds a row with as many cells as the header has.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().map(|cell| text::one_line(&cell)).collect();
        self.rows.push(cells);
    }

    /// Writes the table to standard output, fitted to the terminal if it is one.
    ///
    /// # Errors
    /// As [`super::print()`].
    pub(crate) fn print(&self) -> Result<(), Error> {
        super::print(&self.render(terminal_width()))
    }

    /// The table in lines of at most `width` columns.
    fn render(&self, width: Option<usize>) -> String {
        let columns = self.rows[0].len();
        let mut widths: Vec<usize> = (0..columns)
            .map(|column| self.rows.iter().map(|row| row[column].width()).max().unwrap_or(0))
            .collect();
        let total = widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1);
        let too_much = width.map_or(0, |width| total.saturating_sub(width));
        let least = self.rows[0][self.flexible].width().max(8);
        let flexible = &mut widths[self.flexible];
        *flexible = flexible.saturating_sub(too_much).max(least.min(*flexible));
        let lines: Vec<String> = self.rows.iter().map(|row| render_row(row, &widths)).collect();
        lines.join("\n")
    }
}

fn render_row(row: &[String], widths: &[usize]) -> String {
    let cells: Vec<String> = row
        .iter()
        .zip(widths)
        .map(|(cell, width)| {
            let cell = shorten(cell, *width);
            let padding = width.saturating_sub(cell.width());
            format!("{cell}{:padding$}", "")
        })
        .collect();
    cells.join("  ").trim_end().to_owned()
}

/// A text in at most `width` columns, ending in `…` where something is missing.
fn shorten(cell: &str, width: usize) -> String {
    if cell.width() <= width {
        return cell.to_owned();
    }
    let mut room = width.saturating_sub(1);
    let mut short = String::new();
    for c in cell.chars() {
        let wide = c.width().unwrap_or(0);
        if wide > room {
            break;
        }
        room -= wide;
        short.push(c);
    }
    short.push('…');
    short
}

/// The width of the terminal on standard output; none if it is not one.
fn terminal_width() -> Option<usize> {
    let out = std::io::stdout();
    if !out.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&out).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["ID", "SUMMARY", "LEFT"], 1);
        table.row(["com.example.sketch".into(), "Draw diagrams of everything".into(), "12".into()]);
        table.row(["org.x".into(), "図を描く".into(), "1".into()]);
        table
    }

    #[test]
    fn columns_line_up_whatever_the_script() {
        assert_eq!(
            table().render(None),
            "ID                  SUMMARY                      LEFT\n\
             com.example.sketch  Draw diagrams of everything  12\n\
             org.x               図を描く                     1"
        );
    }

    #[test]
    fn a_narrow_terminal_shortens_the_flexible_column() {
        let text = table().render(Some(40));
        assert!(text.lines().all(|line| line.width() <= 40), "{text}");
        assert!(text.contains("Draw diagrams…  12"), "{text}");
    }

    #[test]
    fn a_terminal_of_no_width_still_shows_something() {
        assert!(table().render(Some(1)).contains("Draw di…"));
    }
}

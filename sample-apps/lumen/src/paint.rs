//! From pixels to character cells: two pixels one above the other in each.

use crate::palette::{Depth, Palette, Rgb, brightness, indexed};
use crate::picture::Picture;

/// The characters of a picture without colours, from dark to bright.
const RAMP: &[u8] = b" .:-=+*#%@";

/// A colour as the terminal takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    True(Rgb),
    Indexed(u8),
}

/// A character with the colours of its upper and lower half, where there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) glyph: char,
    pub(crate) inks: Option<(Ink, Ink)>,
}

/// How pixels become colours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    pub(crate) palette: &'static Palette,
    /// How far the palette is turned, in rounds.
    pub(crate) shift: f64,
    pub(crate) depth: Depth,
}

impl Paint {
    /// The cell at a column and row of characters.
    pub(crate) fn cell(&self, picture: &Picture, column: u16, row: u16) -> Cell {
        let colour = |row| self.colour(picture, column, row);
        let above = row.saturating_mul(2);
        let (upper, lower) = (colour(above), colour(above.saturating_add(1)));
        match self.depth {
            Depth::True => Cell { glyph: '▀', inks: Some((Ink::True(upper), Ink::True(lower))) },
            Depth::Indexed => Cell {
                glyph: '▀',
                inks: Some((Ink::Indexed(indexed(upper)), Ink::Indexed(indexed(lower)))),
            },
            Depth::Plain => {
                let bright = usize::from((brightness(upper) + brightness(lower)) / 2);
                Cell { glyph: char::from(RAMP[bright * RAMP.len() / 256]), inks: None }
            }
        }
    }

    /// The colour of a pixel: the mean of its samples' colours.
    fn colour(&self, picture: &Picture, column: u16, row: u16) -> Rgb {
        let (mut sums, mut count) = ([0_u32; 3], 0);
        for sample in picture.samples(column, row) {
            let colour = self.palette.colour(sample, self.shift);
            (0..3).for_each(|at| sums[at] += u32::from(colour[at]));
            count += 1;
        }
        // A mean of bytes is a byte.
        sums.map(|sum| (sum / count.max(1)) as u8)
    }

    /// The whole picture as text with escape sequences, for `--print`.
    pub(crate) fn text(&self, picture: &Picture) -> String {
        let mut text = String::new();
        for row in 0..picture.size.1.div_ceil(2) {
            let mut last = None;
            for column in 0..picture.size.0 {
                let cell = self.cell(picture, column, row);
                if cell.inks != last {
                    text.push_str(&cell.inks.map_or_else(String::new, |(upper, lower)| {
                        format!("\x1b[38;{};48;{}m", sequence(upper), sequence(lower))
                    }));
                    last = cell.inks;
                }
                text.push(cell.glyph);
            }
            text.push_str(if last.is_some() { "\x1b[0m\n" } else { "\n" });
        }
        text
    }
}

/// The part of an SGR sequence after 38 or 48 (ECMA-48, as xterm extends it).
fn sequence(ink: Ink) -> String {
    match ink {
        Ink::True([red, green, blue]) => format!("2;{red};{green};{blue}"),
        Ink::Indexed(index) => format!("5;{index}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::palette::PALETTES;
    use crate::places::HOME;

    fn text(depth: Depth) -> String {
        let picture = Picture::finished(HOME.family, HOME.camera, (40, 24));
        Paint { palette: &PALETTES[0], shift: 0.0, depth }.text(&picture)
    }

    #[test]
    fn without_colours_there_is_no_escape_sequence_but_a_picture() {
        let plain = text(Depth::Plain);
        assert!(plain.is_ascii() && !plain.contains('\x1b'));
        assert_eq!(plain.lines().count(), 12);
        assert!(plain.lines().all(|line| line.len() == 40));
        assert!(
            RAMP.iter().filter(|&&glyph| plain.contains(char::from(glyph))).count() >= 4,
            "{plain}"
        );
    }

    #[test]
    fn coloured_lines_end_without_colour() {
        for depth in [Depth::True, Depth::Indexed] {
            assert!(text(depth).lines().all(|line| line.ends_with("\x1b[0m")));
        }
    }
}

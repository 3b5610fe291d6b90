//! Colours, and what is left of them where a terminal has few or none.

use std::ffi::OsStr;

use crate::picture::Sample;

/// Red, green and blue.
pub(crate) type Rgb = [u8; 3];

/// Rounds through a palette for each time the steps of escape grow e-fold: near the edge of a set they grow without end.
const ROUND: f64 = 0.3;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// 16 million colours.
    True,
    /// The 256 colours of xterm.
    Indexed,
    /// None: the picture is drawn with characters.
    Plain,
}

impl Depth {
    /// Judges by the environment: `NO_COLOR` (when not empty), `COLORTERM` and `TERM`.
    pub(crate) fn of(
        no_color: Option<&OsStr>,
        colorterm: Option<&OsStr>,
        term: Option<&OsStr>,
    ) -> Self {
        let has = |value: Option<&OsStr>, words: &[&str]| {
            value
                .and_then(OsStr::to_str)
                .is_some_and(|value| words.iter().any(|word| value.contains(word)))
        };
        if no_color.is_some_and(|value| !value.is_empty()) {
            Self::Plain
        } else if has(colorterm, &["truecolor", "24bit"]) || has(term, &["direct"]) {
            Self::True
        } else if has(term, &["256", "kitty", "alacritty", "ghostty", "foot"]) {
            Self::Indexed
        } else {
            Self::Plain
        }
    }
}

/// A round of colours.
#[derive(Debug)]
pub(crate) struct Palette {
    pub(crate) name: &'static str,
    stops: &'static [Rgb],
}

/// All palettes, in the order in which a key goes through them.
pub(crate) const PALETTES: &[Palette] = &[
    Palette {
        name: "Ember",
        stops: &[
            [8, 4, 20],
            [86, 10, 48],
            [190, 40, 30],
            [250, 140, 30],
            [255, 232, 150],
            [120, 60, 90],
        ],
    },
    Palette {
        name: "Ocean",
        stops: &[
            [2, 8, 40],
            [8, 60, 130],
            [30, 150, 200],
            [190, 240, 250],
            [250, 250, 235],
            [20, 70, 110],
        ],
    },
    Palette {
        name: "Aurora",
        stops: &[
            [6, 8, 30],
            [16, 80, 90],
            [40, 200, 130],
            [190, 250, 160],
            [150, 90, 220],
            [50, 20, 90],
        ],
    },
    Palette {
        name: "Orchid",
        stops: &[
            [20, 4, 40],
            [110, 20, 130],
            [230, 70, 170],
            [255, 190, 210],
            [120, 170, 255],
            [40, 40, 130],
        ],
    },
    Palette {
        name: "Gold",
        stops: &[
            [0, 7, 100],
            [32, 107, 203],
            [237, 255, 255],
            [255, 170, 0],
            [90, 30, 0],
            [0, 2, 20],
        ],
    },
    Palette {
        name: "Moonlight",
        stops: &[
            [6, 6, 10],
            [70, 72, 86],
            [170, 176, 190],
            [248, 250, 255],
            [120, 124, 140],
            [30, 30, 40],
        ],
    },
];

impl Palette {
    /// The colour of one sample; `shift` (in rounds) turns the palette.
    pub(crate) fn colour(&self, sample: Sample, shift: f64) -> Rgb {
        match sample {
            Sample::Unknown | Sample::Inside => [0, 0, 0],
            Sample::Outside(steps) => self.at(f64::from(steps).ln_1p() * ROUND + shift),
        }
    }

    fn at(&self, turn: f64) -> Rgb {
        let place = turn.rem_euclid(1.0) * self.stops.len() as f64;
        let first = place.floor() as usize % self.stops.len();
        let (from, to) = (self.stops[first], self.stops[(first + 1) % self.stops.len()]);
        let share = place.fract();
        std::array::from_fn(|at| {
            (f64::from(from[at]) * (1.0 - share) + f64::from(to[at]) * share).round() as u8
        })
    }
}

/// The closest of the 6×6×6 cube and the grey ramp of xterm's 256 colours.
pub(crate) fn indexed(colour: Rgb) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |value: u8| {
        (0..6_u8).min_by_key(|&level| LEVELS[usize::from(level)].abs_diff(value)).unwrap_or(0)
    };
    let cube = colour.map(nearest);
    let average = colour.iter().map(|&value| u32::from(value)).sum::<u32>() / 3;
    let grey = average.saturating_sub(3).div_euclid(10).min(23) as u8;
    let distance = |other: Rgb| -> u32 {
        (0..3).map(|at| u32::from(colour[at].abs_diff(other[at])).pow(2)).sum()
    };
    let of_cube = distance(cube.map(|level| LEVELS[usize::from(level)]));
    if distance([8 + 10 * grey; 3]) < of_cube {
        232 + grey
    } else {
        16 + 36 * cube[0] + 6 * cube[1] + cube[2]
    }
}

/// How bright the eye finds a colour, from 0 to 255.
pub(crate) fn brightness([red, green, blue]: Rgb) -> u16 {
    (u16::from(red) * 30 + u16::from(green) * 59 + u16::from(blue) * 11) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_wins_over_everything() {
        let depth = |no: Option<&str>, colorterm: Option<&str>, term: Option<&str>| {
            Depth::of(no.map(OsStr::new), colorterm.map(OsStr::new), term.map(OsStr::new))
        };
        assert_eq!(depth(Some("1"), Some("truecolor"), Some("xterm-256color")), Depth::Plain);
        assert_eq!(depth(Some(""), Some("truecolor"), None), Depth::True);
        assert_eq!(depth(None, None, Some("tmux-256color")), Depth::Indexed);
        assert_eq!(depth(None, None, Some("dumb")), Depth::Plain);
        assert_eq!(depth(None, None, None), Depth::Plain);
    }

    #[test]
    fn a_palette_is_a_round_without_a_seam() {
        for palette in PALETTES {
            for turn in 0..1000 {
                let (here, next) = (
                    palette.at(f64::from(turn) / 1000.0),
                    palette.at(f64::from(turn + 1) / 1000.0),
                );
                assert!(
                    (0..3).all(|at| here[at].abs_diff(next[at]) <= 3),
                    "{} at {turn}",
                    palette.name
                );
            }
            assert_eq!(palette.at(-0.25), palette.at(0.75));
        }
    }

    #[test]
    fn the_nearest_of_256_colours_is_chosen() {
        let cases = [
            ([0, 0, 0], 16),
            ([255, 255, 255], 231),
            ([255, 0, 0], 196),
            ([8, 8, 8], 232),
            ([128, 128, 128], 244),
            ([95, 135, 175], 67),
        ];
        for (colour, expected) in cases {
            assert_eq!(indexed(colour), expected, "{colour:?}");
        }
    }
}

//! The fractals: how fast a point of the plane escapes.

use std::fmt;

/// A point counts as escaped beyond this squared distance; far beyond 2, so that the smooth count has no steps.
const ESCAPED: f64 = 65_536.0;

/// A family of fractals, each a rule that moves a point until it escapes or is given up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Family {
    Mandelbrot,
    BurningShip,
    Tricorn,
    /// The Julia set of one point of the Mandelbrot set's plane.
    Julia {
        re: f64,
        im: f64,
    },
}

impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mandelbrot => formatter.write_str("mandelbrot"),
            Self::BurningShip => formatter.write_str("ship"),
            Self::Tricorn => formatter.write_str("tricorn"),
            Self::Julia { re, im } => write!(formatter, "julia({re},{im})"),
        }
    }
}

impl Family {
    /// The next family in the round; a Julia set leads back to the Mandelbrot set.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Mandelbrot => Self::BurningShip,
            Self::BurningShip => Self::Tricorn,
            Self::Tricorn | Self::Julia { .. } => Self::Mandelbrot,
        }
    }

    /// The name in the status line.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Mandelbrot => "Mandelbrot",
            Self::BurningShip => "Burning Ship",
            Self::Tricorn => "Tricorn",
            Self::Julia { .. } => "Julia",
        }
    }

    /// The smooth number of steps after which the point escapes; `None` when it has not within `limit` steps.
    pub(crate) fn escape(self, x: f64, y: f64, limit: u32) -> Option<f32> {
        match self {
            Self::Mandelbrot if in_a_large_bulb(x, y) => None,
            Self::Mandelbrot => iterate((0.0, 0.0), (x, y), limit, |zx, zy| (zx, zy)),
            // The axis is turned, so that the ship floats upright.
            Self::BurningShip => iterate((0.0, 0.0), (x, -y), limit, |zx, zy| (zx.abs(), zy.abs())),
            Self::Tricorn => iterate((0.0, 0.0), (x, y), limit, |zx, zy| (zx, -zy)),
            Self::Julia { re, im } => iterate((x, y), (re, im), limit, |zx, zy| (zx, zy)),
        }
    }
}

/// Repeats z ← fold(z)² + c, and gives up early on a point that returns to where it was.
fn iterate(
    start: (f64, f64),
    (cx, cy): (f64, f64),
    limit: u32,
    fold: impl Fn(f64, f64) -> (f64, f64),
) -> Option<f32> {
    let (mut x, mut y) = start;
    // Brent's cycle detection: compare with a point remembered at each power of two.
    let (mut seen, mut renew) = ((x, y), 8);
    for step in 0..limit {
        let (zx, zy) = fold(x, y);
        (x, y) = (zx * zx - zy * zy + cx, 2.0 * zx * zy + cy);
        let distance = x * x + y * y;
        if distance > ESCAPED {
            let excess = (distance.ln() / ESCAPED.ln()).log2();
            return Some((f64::from(step) + 1.0 - excess).max(0.0) as f32);
        }
        if (x, y) == seen {
            return None;
        }
        if step == renew {
            (seen, renew) = ((x, y), renew * 2);
        }
    }
    None
}

/// The main cardioid and the disc beside it never escape: most of a picture's black, for free.
fn in_a_large_bulb(x: f64, y: f64) -> bool {
    let q = (x - 0.25) * (x - 0.25) + y * y;
    q * (q + (x - 0.25)) <= 0.25 * y * y || (x + 1.0) * (x + 1.0) + y * y <= 0.0625
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_points_stay_and_known_points_escape() {
        for (x, y) in
            [(0.0, 0.0), (-1.0, 0.0), (-2.0, 0.0), (0.0, 1.0), (-1.3107, 0.0), (0.25, 0.0)]
        {
            assert_eq!(Family::Mandelbrot.escape(x, y, 500), None, "{x} {y}");
        }
        for (x, y) in [(1.0, 0.0), (0.5, 0.5), (-2.1, 0.0), (0.0, 1.1)] {
            assert!(Family::Mandelbrot.escape(x, y, 500).is_some(), "{x} {y}");
        }
        assert_eq!(Family::Julia { re: 0.0, im: 0.0 }.escape(0.5, 0.5, 100), None);
        assert!(Family::Julia { re: 0.0, im: 0.0 }.escape(1.1, 0.0, 100).is_some());
    }

    #[test]
    fn the_count_is_smooth_from_one_step_to_the_next() {
        let counts: Vec<f32> = (0..2000)
            .filter_map(|at| Family::Mandelbrot.escape(0.5 + f64::from(at) * 1e-4, 0.6, 500))
            .collect();
        assert!(counts.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 0.2));
    }

    #[test]
    fn the_mandelbrot_set_and_the_tricorn_are_symmetric() {
        for family in [Family::Mandelbrot, Family::Tricorn] {
            assert_eq!(family.escape(0.3, 0.6, 500), family.escape(0.3, -0.6, 500));
        }
        assert_ne!(
            Family::BurningShip.escape(-1.7, -0.05, 500),
            Family::BurningShip.escape(-1.7, 0.05, 500)
        );
    }

    #[test]
    fn far_points_and_strange_numbers_do_no_harm() {
        for value in [1e300, -1e300, f64::INFINITY, f64::NAN] {
            let _ = Family::Tricorn.escape(value, value, 50);
            let _ = Family::Mandelbrot.escape(value, 0.0, 50);
        }
    }
}

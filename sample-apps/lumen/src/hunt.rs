//! The hunt: a picture is shown, and the place must be found.

use crate::camera::Camera;
use crate::fractal::Family;
use crate::picture::Picture;

/// Pixels of the shown picture.
pub(crate) const THUMBNAIL: (u16, u16) = (22, 20);
/// Seconds after which an arrow points the way.
const HINT_AFTER: f64 = 30.0;

/// What is hunted, from easy to hard: centre and span in the Mandelbrot set.
const TARGETS: &[(f64, f64, f64)] = &[
    (-1.25, 0.0, 0.9),
    (-0.12, 0.86, 0.6),
    (0.32, 0.05, 0.35),
    (-0.75, 0.12, 0.25),
    (-1.755, 0.0, 0.12),
    (-0.16, 1.035, 0.1),
    (-0.55, 0.62, 0.2),
    (-1.31, 0.07, 0.12),
    (0.38, 0.3, 0.15),
    (-0.088, 0.654, 0.025),
    (0.2835, 0.0105, 0.03),
    (-0.374004139, 0.659792175, 0.009),
];

/// How close the hunter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Warmth {
    Cold,
    Cool,
    Warm,
    Hot,
    Found,
}

impl Warmth {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Cool => "cool",
            Self::Warm => "warm",
            Self::Hot => "hot",
            Self::Found => "found",
        }
    }
}

/// A hunt under way.
#[derive(Debug)]
pub(crate) struct Hunt {
    /// How many were found.
    pub(crate) found: u32,
    /// Seconds spent on this target.
    pub(crate) seconds: f64,
    /// What the target looks like.
    pub(crate) thumbnail: Picture,
    target: usize,
}

impl Hunt {
    /// Starts with the first target.
    pub(crate) fn new() -> Self {
        Self { found: 0, seconds: 0.0, thumbnail: thumbnail(0), target: 0 }
    }

    /// Goes on to the next target; after the last comes the first.
    pub(crate) fn next(&mut self) {
        self.target = (self.target + 1) % TARGETS.len();
        self.thumbnail = thumbnail(self.target);
        self.seconds = 0.0;
    }

    /// How well `camera` shows the target.
    pub(crate) fn warmth(&self, family: Family, camera: Camera) -> Warmth {
        let target = target(self.target);
        // In spans of the target: how far the centre is off; in doublings: how far the scale is.
        let off = (camera.x - target.x).hypot(camera.y - target.y) / target.span;
        let scale = (camera.span / target.span).log2().abs();
        match (off, scale) {
            _ if family != Family::Mandelbrot => Warmth::Cold,
            (off, scale) if off < 0.3 && scale < 0.8 => Warmth::Found,
            (off, scale) if off < 0.7 && scale < 2.0 => Warmth::Hot,
            (off, _) if off < 2.0 => Warmth::Warm,
            (off, _) if off < 6.0 => Warmth::Cool,
            _ => Warmth::Cold,
        }
    }

    /// After a while, an arrow towards the target, or what to do when it is straight ahead.
    pub(crate) fn hint(&self, camera: Camera) -> &'static str {
        const ARROWS: [&str; 8] = ["→", "↗", "↑", "↖", "←", "↙", "↓", "↘"];
        let target = target(self.target);
        let (right, up) = (target.x - camera.x, target.y - camera.y);
        if self.seconds < HINT_AFTER {
            ""
        } else if right.hypot(up) > 0.25 * camera.span.max(target.span) {
            let eighth = (up.atan2(right) / std::f64::consts::FRAC_PI_4).round() as i32;
            ARROWS[eighth.rem_euclid(8) as usize]
        } else if camera.span > target.span {
            "closer"
        } else {
            "back"
        }
    }
}

fn target(at: usize) -> Camera {
    let (x, y, span) = TARGETS[at % TARGETS.len()];
    Camera::new(x, y, span)
}

fn thumbnail(at: usize) -> Picture {
    Picture::finished(Family::Mandelbrot, target(at), THUMBNAIL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::HOME;

    #[test]
    fn it_grows_warmer_on_the_way_and_ends_at_the_target() {
        for at in 0..TARGETS.len() {
            let mut hunt = Hunt::new();
            (0..at).for_each(|_| hunt.next());
            let goal = target(at);
            let warmth: Vec<Warmth> = (0..=40)
                .map(|step| {
                    hunt.warmth(
                        Family::Mandelbrot,
                        HOME.camera.towards(&goal, f64::from(step) / 40.0),
                    )
                })
                .collect();
            assert!(warmth.is_sorted(), "{at}: {warmth:?}");
            assert_ne!(warmth[0], Warmth::Found, "{at}");
            assert_eq!(warmth[40], Warmth::Found, "{at}");
        }
    }

    #[test]
    fn another_family_is_always_cold() {
        assert_eq!(Hunt::new().warmth(Family::Tricorn, target(0)), Warmth::Cold);
    }

    #[test]
    fn following_the_hints_finds_every_target() {
        let mut hunt = Hunt::new();
        for _ in 0..TARGETS.len() {
            hunt.seconds = HINT_AFTER;
            let mut camera = HOME.camera;
            for _ in 0..300 {
                let (right, up) = match hunt.hint(camera) {
                    "→" => (1.0, 0.0),
                    "↗" => (1.0, 1.0),
                    "↑" => (0.0, 1.0),
                    "↖" => (-1.0, 1.0),
                    "←" => (-1.0, 0.0),
                    "↙" => (-1.0, -1.0),
                    "↓" => (0.0, -1.0),
                    "↘" => (1.0, -1.0),
                    word => {
                        let factor = if word == "closer" { 1.25 } else { 0.8 };
                        camera = camera.zoomed_at((camera.x, camera.y), factor);
                        continue;
                    }
                };
                camera = camera.panned(right * 0.1, up * 0.1);
                if hunt.warmth(Family::Mandelbrot, camera) == Warmth::Found {
                    break;
                }
            }
            assert!(
                hunt.warmth(Family::Mandelbrot, camera) >= Warmth::Hot,
                "{:?}",
                target(hunt.target)
            );
            hunt.next();
        }
        assert_eq!(hunt.target, 0);
    }
}

//! How the camera moves: gliding after the keys, flying to a place.

use crate::camera::{Camera, FARTHEST};

/// Seconds in which a glide covers two thirds of the way.
const GLIDE: f64 = 0.09;
/// Seconds of flight for each doubling of the scale, and at least.
const FLIGHT_PER_DOUBLING: f64 = 0.2;
const SHORTEST_LEG: f64 = 0.5;

/// What the camera is doing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Motion {
    Still,
    /// Follows the keys: fast at first, then slowing down.
    Glide(Camera),
    /// The legs of a flight still to fly, the last one first.
    Flight {
        legs: Vec<Leg>,
        elapsed: f64,
    },
}

/// One part of a flight.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Leg {
    from: Camera,
    to: Camera,
    seconds: f64,
}

impl Leg {
    fn new(from: Camera, to: Camera) -> Self {
        let doublings = (to.span / from.span).log2().abs();
        Self { from, to, seconds: (doublings * FLIGHT_PER_DOUBLING).max(SHORTEST_LEG) }
    }
}

impl Motion {
    /// A flight; between distant places it first rises until both can be seen.
    pub(crate) fn flight(from: Camera, to: Camera) -> Self {
        let distance = (to.x - from.x).hypot(to.y - from.y);
        let high = (distance * 2.0).min(FARTHEST);
        let legs = if high > from.span.max(to.span) {
            let above = Camera::new((from.x + to.x) / 2.0, (from.y + to.y) / 2.0, high);
            vec![Leg::new(above, to), Leg::new(from, above)]
        } else {
            vec![Leg::new(from, to)]
        };
        Self::Flight { legs, elapsed: 0.0 }
    }

    /// Where the motion will end, seen from `camera`.
    pub(crate) fn goal(&self, camera: Camera) -> Camera {
        match self {
            Self::Still => camera,
            Self::Glide(goal) => *goal,
            Self::Flight { legs, .. } => legs.first().map_or(camera, |leg| leg.to),
        }
    }

    /// Moves on by `seconds`; the camera's new view.
    pub(crate) fn advance(&mut self, camera: Camera, seconds: f64) -> Camera {
        match self {
            Self::Still => camera,
            Self::Glide(goal) => {
                let goal = *goal;
                let moved = camera.towards(&goal, 1.0 - (-seconds / GLIDE).exp());
                if moved.is_near(&goal) {
                    *self = Self::Still;
                    return goal;
                }
                moved
            }
            Self::Flight { legs, elapsed } => {
                *elapsed += seconds;
                while let Some(leg) = legs.last() {
                    if *elapsed < leg.seconds {
                        let share = *elapsed / leg.seconds;
                        return leg.from.towards(&leg.to, share * share * (3.0 - 2.0 * share));
                    }
                    *elapsed -= leg.seconds;
                    let reached = leg.to;
                    legs.pop();
                    if legs.is_empty() {
                        *self = Self::Still;
                        return reached;
                    }
                }
                *self = Self::Still;
                camera
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrive(mut motion: Motion, mut camera: Camera) -> (Camera, usize) {
        for frame in 0..10_000 {
            if motion == Motion::Still {
                return (camera, frame);
            }
            camera = motion.advance(camera, 1.0 / 60.0);
            assert!(camera.span.is_finite() && camera.x.is_finite());
        }
        (camera, 10_000)
    }

    #[test]
    fn every_motion_arrives_exactly_at_its_goal() {
        let here = Camera::new(-0.6, 0.0, 2.6);
        for there in [Camera::new(-0.743, 0.131, 1e-9), Camera::new(0.3, 0.5, 2.6), here] {
            for motion in [Motion::Glide(there), Motion::flight(here, there)] {
                assert_eq!(motion.goal(here), there);
                let (camera, frames) = arrive(motion, here);
                assert_eq!(camera, there);
                assert!(frames < 1_000);
            }
        }
    }

    #[test]
    fn a_flight_between_deep_places_rises_above_both() {
        let (here, there) = (Camera::new(-0.743, 0.131, 1e-6), Camera::new(0.3, 0.02, 1e-6));
        let mut motion = Motion::flight(here, there);
        let (mut camera, mut highest) = (here, 0.0_f64);
        while motion != Motion::Still {
            camera = motion.advance(camera, 0.05);
            highest = highest.max(camera.span);
        }
        assert!(highest > 1.0);
    }

    #[test]
    fn one_long_pause_ends_a_flight_and_nothing_else() {
        let (here, there) = (Camera::new(0.0, 0.0, 2.0), Camera::new(0.1, 0.1, 0.5));
        let mut motion = Motion::flight(here, there);
        assert_eq!(motion.advance(here, 3_600.0), there);
        assert_eq!(motion, Motion::Still);
    }
}

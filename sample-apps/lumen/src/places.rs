//! Places worth a journey.

use crate::camera::Camera;
use crate::fractal::Family;

/// A named view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) family: Family,
    pub(crate) camera: Camera,
}

const fn place(name: &'static str, family: Family, x: f64, y: f64, span: f64) -> Place {
    Place { name, family, camera: Camera { x, y, span } }
}

/// Where every journey begins.
pub(crate) const HOME: Place = place("The whole set", Family::Mandelbrot, -0.6, 0.0, 2.6);

/// The stations of the tour; the first nine are on the number keys.
pub(crate) const PLACES: &[Place] = &[
    place("Seahorse Valley", Family::Mandelbrot, -0.7463, 0.1102, 0.03),
    place("Elephant Valley", Family::Mandelbrot, 0.2835, 0.0105, 0.03),
    place("The triple spiral", Family::Mandelbrot, -0.088, 0.654, 0.025),
    place("The starfish", Family::Mandelbrot, -0.374004139, 0.659792175, 0.009),
    place("A smaller self", Family::Mandelbrot, -1.768778833, -0.001738996, 0.006),
    place("The double spiral", Family::Mandelbrot, -0.7436438870, 0.1318259042, 4e-5),
    place("Lightning", Family::Mandelbrot, -0.170337, -1.06506, 0.06),
    place("The armada", Family::BurningShip, -1.762, 0.028, 0.09),
    place("The dragon", Family::Julia { re: -0.8, im: 0.156 }, 0.0, 0.0, 2.2),
    place("The rabbit", Family::Julia { re: -0.123, im: 0.745 }, 0.0, 0.0, 2.6),
    place("The dendrite", Family::Julia { re: 0.0, im: 1.0 }, 0.0, 0.0, 2.6),
    place("The needle's knot", Family::Mandelbrot, -1.4012, 0.0, 0.04),
];

/// The whole of a family.
pub(crate) fn overview(family: Family) -> Camera {
    match family {
        Family::Mandelbrot => HOME.camera,
        Family::BurningShip => Camera { x: -0.5, y: 0.45, span: 3.0 },
        Family::Tricorn => Camera { x: -0.2, y: 0.0, span: 3.4 },
        Family::Julia { .. } => Camera { x: 0.0, y: 0.0, span: 2.8 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Picture, Sample};

    #[test]
    fn every_place_has_something_to_see() {
        for place in PLACES.iter().chain([&HOME]) {
            let picture = Picture::finished(place.family, place.camera, (48, 32));
            let mut counts: Vec<i32> = (0..32 * 48)
                .filter_map(|at| match picture.sample(at % 48, at / 48) {
                    Sample::Outside(steps) => Some((steps.sqrt() * 4.0) as i32),
                    _ => None,
                })
                .collect();
            counts.sort_unstable();
            counts.dedup();
            assert!(counts.len() >= 8, "{} has {} shades", place.name, counts.len());
        }
    }

    #[test]
    fn every_place_is_within_reach_of_the_camera() {
        for place in PLACES.iter().chain([&HOME]) {
            let camera = place.camera;
            assert_eq!(Camera::new(camera.x, camera.y, camera.span), camera, "{}", place.name);
        }
    }
}

//! Where we look: a rectangle of the complex plane.

/// The smallest height: closer, 64-bit floats no longer tell neighbouring points apart.
pub(crate) const CLOSEST: f64 = 1e-12;
/// The greatest height: farther away there is nothing to see.
pub(crate) const FARTHEST: f64 = 8.0;
/// The farthest centre, on each axis.
const EDGE: f64 = 3.0;

/// A view of the plane: its centre, and how much of it the picture's shorter side shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Camera {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) span: f64,
}

impl Camera {
    /// A camera kept within what can be drawn.
    pub(crate) fn new(x: f64, y: f64, span: f64) -> Self {
        Self {
            x: x.clamp(-EDGE, EDGE),
            y: y.clamp(-EDGE, EDGE),
            span: span.clamp(CLOSEST, FARTHEST),
        }
    }

    /// The point of the plane under a pixel of a picture of `size`; y grows upwards in the plane, downwards on the screen.
    pub(crate) fn point(&self, column: f64, row: f64, size: (u16, u16)) -> (f64, f64) {
        let pixel = self.pixel(size);
        let (width, height) = (f64::from(size.0), f64::from(size.1));
        (self.x + (column + 0.5 - width / 2.0) * pixel, self.y - (row + 0.5 - height / 2.0) * pixel)
    }

    /// The plane's distance from one pixel to the next.
    pub(crate) fn pixel(&self, size: (u16, u16)) -> f64 {
        self.span / f64::from(size.0.min(size.1).max(1))
    }

    /// Moves by shares of the span.
    pub(crate) fn panned(&self, right: f64, up: f64) -> Self {
        Self::new(self.x + right * self.span, self.y + up * self.span, self.span)
    }

    /// Comes `factor` times closer to a point, which stays where it is on the screen.
    pub(crate) fn zoomed_at(&self, (x, y): (f64, f64), factor: f64) -> Self {
        let span = (self.span / factor).clamp(CLOSEST, FARTHEST);
        let share = span / self.span;
        Self::new(x + (self.x - x) * share, y + (self.y - y) * share, span)
    }

    /// The view at `share` (0 to 1) of the way to `goal`.
    ///
    /// The span changes by a constant factor, and the centre moves so that one point of the screen stays fixed:
    /// this looks like flying in a straight line.
    pub(crate) fn towards(&self, goal: &Self, share: f64) -> Self {
        let span = self.span * (goal.span / self.span).powf(share);
        let change = goal.span - self.span;
        let moved =
            if (change / self.span).abs() < 1e-3 { share } else { (span - self.span) / change };
        Self::new(self.x + (goal.x - self.x) * moved, self.y + (goal.y - self.y) * moved, span)
    }

    /// Whether the eye could not tell the two views apart.
    pub(crate) fn is_near(&self, other: &Self) -> bool {
        let reach = other.span * 1e-3;
        (self.span / other.span).ln().abs() < 1e-3
            && (self.x - other.x).abs() < reach
            && (self.y - other.y).abs() < reach
    }

    /// How many steps tell inside from outside well at this span.
    pub(crate) fn steps(&self) -> u32 {
        150 + (70.0 * (FARTHEST / self.span).log2().max(0.0)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_the_picture_is_the_centre() {
        let camera = Camera::new(-0.5, 0.25, 2.0);
        let (x, y) = camera.point(39.5, 23.5, (80, 48));
        assert!((x + 0.5).abs() < 1e-12 && (y - 0.25).abs() < 1e-12);
        assert!(camera.point(0.0, 0.0, (80, 48)).1 > camera.point(0.0, 47.0, (80, 48)).1);
    }

    #[test]
    fn the_point_under_the_pointer_stays_there() {
        let size = (80, 48);
        let camera = Camera::new(-0.5, 0.0, 2.0);
        let under = camera.point(70.0, 5.0, size);
        let closer = camera.zoomed_at(under, 4.0).point(70.0, 5.0, size);
        assert!((under.0 - closer.0).abs() < 1e-12 && (under.1 - closer.1).abs() < 1e-12);
    }

    #[test]
    fn no_movement_leaves_what_can_be_drawn() {
        let mut camera = Camera::new(0.0, 0.0, 2.0);
        for _ in 0..500 {
            camera = camera.panned(1.0, -1.0).zoomed_at((0.3, 0.1), 0.5);
        }
        assert!(camera.x <= EDGE && camera.y >= -EDGE && camera.span <= FARTHEST);
        for _ in 0..500 {
            camera = camera.zoomed_at((0.3, 0.1), 3.0);
        }
        assert_eq!(camera.span, CLOSEST);
        assert!(camera.steps() < 5_000);
    }

    #[test]
    fn the_way_begins_here_and_ends_there() {
        let (here, there) = (Camera::new(-0.5, 0.0, 2.0), Camera::new(0.3, 0.5, 0.001));
        assert!(here.towards(&there, 0.0).is_near(&here));
        assert!(here.towards(&there, 1.0).is_near(&there));
        assert!(
            here.towards(&Camera::new(0.0, 0.0, 2.0), 1.0).is_near(&Camera::new(0.0, 0.0, 2.0))
        );
    }

    #[test]
    fn a_picture_without_pixels_is_no_trouble() {
        assert!(Camera::new(0.0, 0.0, 2.0).pixel((0, 0)).is_finite());
    }
}

//! A picture that becomes finer while one looks at it.

use crate::camera::Camera;
use crate::fractal::Family;

/// The distances between the pixels of each pass; the first is drawn at once, the others as time allows.
const PASSES: [u16; 3] = [4, 2, 1];

/// One pixel of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Sample {
    Unknown,
    Inside,
    /// Escaped after this smooth number of steps.
    Outside(f32),
}

/// What a camera sees.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) size: (u16, u16),
    family: Family,
    camera: Camera,
    samples: Vec<Sample>,
    pass: usize,
    row: u16,
}

impl Picture {
    /// An empty picture of `size` pixels.
    pub(crate) fn new(family: Family, camera: Camera, size: (u16, u16)) -> Self {
        let samples = vec![Sample::Unknown; usize::from(size.0) * usize::from(size.1)];
        Self { size, family, camera, samples, pass: 0, row: 0 }
    }

    /// A picture with every pixel.
    pub(crate) fn finished(family: Family, camera: Camera, size: (u16, u16)) -> Self {
        let mut picture = Self::new(family, camera, size);
        picture.refine(|| true);
        picture
    }

    /// Whether this is what `camera` sees; if not, the picture must be begun again.
    pub(crate) fn shows(&self, family: Family, camera: Camera, size: (u16, u16)) -> bool {
        self.family == family && self.camera == camera && self.size == size
    }

    /// Whether every pixel is known.
    pub(crate) fn is_finished(&self) -> bool {
        self.pass >= PASSES.len()
    }

    /// Computes the whole first pass, then row by row while `time_is_left`.
    pub(crate) fn refine(&mut self, mut time_is_left: impl FnMut() -> bool) {
        while let Some(&step) = PASSES.get(self.pass) {
            if self.row >= self.size.1 {
                (self.pass, self.row) = (self.pass + 1, 0);
                continue;
            }
            if self.pass > 0 && !time_is_left() {
                return;
            }
            self.compute_row(step);
            self.row = self.row.saturating_add(step);
        }
    }

    fn compute_row(&mut self, step: u16) {
        let limit = self.camera.steps();
        for column in (0..self.size.0).step_by(usize::from(step)) {
            let at = self.index(column, self.row);
            if self.samples[at] == Sample::Unknown {
                let (x, y) = self.camera.point(f64::from(column), f64::from(self.row), self.size);
                self.samples[at] = match self.family.escape(x, y, limit) {
                    Some(steps) => Sample::Outside(steps),
                    None => Sample::Inside,
                };
            }
        }
    }

    /// The pixel, or the nearest coarser one that is known.
    pub(crate) fn sample(&self, column: u16, row: u16) -> Sample {
        if column >= self.size.0 || row >= self.size.1 {
            return Sample::Unknown;
        }
        PASSES
            .iter()
            .rev()
            .map(|step| self.samples[self.index(column - column % step, row - row % step)])
            .find(|sample| *sample != Sample::Unknown)
            .unwrap_or(Sample::Unknown)
    }

    fn index(&self, column: u16, row: u16) -> usize {
        usize::from(row) * usize::from(self.size.0) + usize::from(column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Camera = Camera { x: -0.6, y: 0.0, span: 2.6 };

    #[test]
    fn the_first_pass_gives_a_whole_if_coarse_picture() {
        let mut picture = Picture::new(Family::Mandelbrot, HOME, (37, 21));
        picture.refine(|| false);
        assert!(!picture.is_finished());
        for row in 0..21 {
            assert!((0..37).all(|column| picture.sample(column, row) != Sample::Unknown));
        }
    }

    #[test]
    fn interrupted_work_ends_in_the_same_picture() {
        let whole = Picture::finished(Family::Mandelbrot, HOME, (37, 21));
        let mut parts = Picture::new(Family::Mandelbrot, HOME, (37, 21));
        while !parts.is_finished() {
            let mut rows = 2;
            parts.refine(|| {
                rows -= 1;
                rows >= 0
            });
        }
        assert_eq!(parts.samples, whole.samples);
        assert!(!whole.samples.contains(&Sample::Unknown));
    }

    #[test]
    fn pictures_of_every_shape_can_be_drawn() {
        for size in [(0, 0), (1, 0), (0, 1), (1, 1), (3, 200), (200, 2)] {
            let picture = Picture::finished(Family::BurningShip, HOME, size);
            assert!(picture.is_finished());
            assert_eq!(picture.sample(size.0, size.1), Sample::Unknown);
        }
    }
}

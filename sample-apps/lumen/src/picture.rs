//! A picture that becomes finer while one looks at it.

use crate::camera::Camera;
use crate::fractal::Family;

/// The distances between the pixels of each pass; the first is drawn at once, the others as time allows.
const PASSES: [u16; 3] = [4, 2, 1];

/// Where in a pixel the last pass looks again, so that fine detail blends instead of flickering from pixel to pixel.
const SMOOTHING: [(f64, f64); 3] = [(0.45, -0.2), (0.2, 0.45), (-0.35, 0.3)];

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
    smoothing: Vec<[Sample; SMOOTHING.len()]>,
    pass: usize,
    row: u16,
}

impl Picture {
    /// An empty picture of `size` pixels.
    pub(crate) fn new(family: Family, camera: Camera, size: (u16, u16)) -> Self {
        let pixels = usize::from(size.0) * usize::from(size.1);
        Self {
            size,
            family,
            camera,
            samples: vec![Sample::Unknown; pixels],
            smoothing: vec![[Sample::Unknown; SMOOTHING.len()]; pixels],
            pass: 0,
            row: 0,
        }
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

    /// Whether every pixel is known and smooth.
    pub(crate) fn is_finished(&self) -> bool {
        self.pass > PASSES.len()
    }

    /// Computes the whole first pass, then row by row while `time_is_left`.
    pub(crate) fn refine(&mut self, mut time_is_left: impl FnMut() -> bool) {
        while !self.is_finished() {
            if self.row >= self.size.1 {
                (self.pass, self.row) = (self.pass + 1, 0);
                continue;
            }
            if self.pass > 0 && !time_is_left() {
                return;
            }
            let step = PASSES.get(self.pass).copied();
            match step {
                Some(step) => self.compute_row(step),
                None => self.smooth_row(),
            }
            self.row = self.row.saturating_add(step.unwrap_or(1));
        }
    }

    fn compute_row(&mut self, step: u16) {
        for column in (0..self.size.0).step_by(usize::from(step)) {
            let at = self.index(column, self.row);
            if self.samples[at] == Sample::Unknown {
                self.samples[at] = self.compute(column, (0.0, 0.0));
            }
        }
    }

    fn smooth_row(&mut self) {
        for column in 0..self.size.0 {
            if !self.is_amid_the_inside(column) {
                let at = self.index(column, self.row);
                self.smoothing[at] = SMOOTHING.map(|offset| self.compute(column, offset));
            }
        }
    }

    /// Looks at a pixel of the current row, `offset` pixels from its middle.
    fn compute(&self, column: u16, offset: (f64, f64)) -> Sample {
        let (across, down) = (f64::from(column) + offset.0, f64::from(self.row) + offset.1);
        let (x, y) = self.camera.point(across, down, self.size);
        match self.family.escape(x, y, self.camera.steps()) {
            Some(steps) => Sample::Outside(steps),
            None => Sample::Inside,
        }
    }

    /// Whether a pixel of the current row and all beside it are inside: the costliest to compute, with nothing to smooth.
    fn is_amid_the_inside(&self, column: u16) -> bool {
        let (left, above) = (column.saturating_sub(1), self.row.saturating_sub(1));
        let (right, below) = (column.saturating_add(1), self.row.saturating_add(1));
        [(column, self.row), (left, self.row), (right, self.row), (column, above), (column, below)]
            .into_iter()
            .all(|(column, row)| {
                matches!(self.sample(column, row), Sample::Inside | Sample::Unknown)
            })
    }

    /// The pixel and what smooths it, as far as it is known.
    pub(crate) fn samples(&self, column: u16, row: u16) -> impl Iterator<Item = Sample> {
        let inside = column < self.size.0 && row < self.size.1;
        let smoothing = if inside { &self.smoothing[self.index(column, row)][..] } else { &[] };
        let known = smoothing.iter().copied().filter(|sample| *sample != Sample::Unknown);
        std::iter::once(self.sample(column, row)).chain(known)
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
        assert_eq!(parts.smoothing, whole.smoothing);
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

//! The state, and how each action and each moment changes it; nothing here knows a terminal.

use trial_facts::TrialFacts;

use crate::camera::Camera;
use crate::fractal::Family;
use crate::hunt::{Hunt, Warmth};
use crate::motion::Motion;
use crate::paint::Paint;
use crate::palette::{Depth, PALETTES};
use crate::picture::Picture;
use crate::places::{HOME, PLACES, Place, overview};

/// Seconds the tour rests at a place, and seconds a message stays.
const REST: f64 = 3.0;
/// Rounds of the palette in a second while it turns.
const TURN: f64 = 0.06;
/// Where the palettes start: far away dark, near the edge of a set bright.
const START: f64 = 0.8;
/// Views that `back` remembers.
const MEMORY: usize = 50;
/// The longest step of time, above the time between two frames at rest: a suspended program does not leap ahead.
const LONGEST_STEP: f64 = 0.5;

/// What a user can ask for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Action {
    /// Moves by shares of the span, right and up.
    Pan(f64, f64),
    /// Moves by pixels, as the mouse drags the picture.
    Drag(f64, f64),
    /// Comes closer by a factor, around the centre.
    Zoom(f64),
    /// Comes closer by a factor, around a pixel.
    ZoomAt(u16, u16, f64),
    NextFamily,
    /// To the Julia set of the centre, and back.
    Julia,
    /// Steps through the palettes.
    Palette(i8),
    /// Lets the palette turn, or stops it.
    Turn,
    Tour,
    /// Flies to one of [`PLACES`].
    Visit(usize),
    Hunt,
    /// Gives up the hunted place for the next.
    NextTarget,
    Back,
    Home,
    Help,
    /// Closes what is open; nothing else.
    Close,
    Quit,
}

/// Everything there is.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) family: Family,
    pub(crate) camera: Camera,
    pub(crate) picture: Picture,
    pub(crate) paint: Paint,
    pub(crate) turning: bool,
    pub(crate) hunt: Option<Hunt>,
    pub(crate) help: bool,
    pub(crate) trial: Option<TrialFacts>,
    pub(crate) quit: bool,
    palette: usize,
    motion: Motion,
    place: Option<&'static str>,
    /// The station of the tour, and the seconds spent there.
    tour: Option<(usize, f64)>,
    message: Option<(String, f64)>,
    memory: Vec<(Family, Camera)>,
}

impl App {
    /// Begins with the whole of the Mandelbrot set.
    pub(crate) fn new(depth: Depth, trial: Option<TrialFacts>) -> Self {
        Self {
            family: HOME.family,
            camera: HOME.camera,
            picture: Picture::new(HOME.family, HOME.camera, (0, 0)),
            paint: Paint { palette: &PALETTES[0], shift: START, depth },
            turning: false,
            hunt: None,
            help: false,
            trial,
            quit: false,
            palette: 0,
            motion: Motion::Still,
            place: Some(HOME.name),
            tour: None,
            message: None,
            memory: Vec::new(),
        }
    }

    /// Begins at a place, without the flight.
    pub(crate) fn start_at(&mut self, place: &Place) {
        (self.family, self.camera, self.place) = (place.family, place.camera, Some(place.name));
    }

    /// Whether something changes by itself, so that the next picture should come soon.
    pub(crate) fn is_moving(&self) -> bool {
        self.motion != Motion::Still || self.turning || !self.picture.is_finished()
    }

    /// What the status line calls the view.
    pub(crate) fn title(&self) -> &str {
        match (&self.message, self.place) {
            (Some((words, _)), _) => words,
            (None, Some(place)) => place,
            (None, None) => self.family.title(),
        }
    }

    /// How much closer than the whole.
    pub(crate) fn magnification(&self) -> f64 {
        overview(self.family).span / self.camera.span
    }

    /// Does what the user asked for.
    pub(crate) fn update(&mut self, action: Action) {
        match action {
            Action::Pan(right, up) => self.glide(|goal| goal.panned(right, up)),
            Action::Drag(right, down) => {
                let pixel = self.camera.pixel(self.picture.size);
                let camera = self.camera;
                self.glide(|_| {
                    Camera::new(camera.x - right * pixel, camera.y + down * pixel, camera.span)
                });
                self.camera = self.motion.goal(self.camera);
                self.motion = Motion::Still;
            }
            Action::Zoom(factor) => self.glide(|goal| goal.zoomed_at((goal.x, goal.y), factor)),
            Action::ZoomAt(column, row, factor) => {
                let point = self.camera.point(f64::from(column), f64::from(row), self.picture.size);
                self.glide(|goal| goal.zoomed_at(point, factor));
            }
            Action::NextFamily => self.switch(self.family.next()),
            Action::Julia => self.julia(),
            Action::Palette(step) => {
                let count = PALETTES.len() as i64;
                self.palette = (self.palette as i64 + i64::from(step)).rem_euclid(count) as usize;
                self.paint.palette = &PALETTES[self.palette];
                self.say(self.paint.palette.name);
            }
            Action::Turn => self.turning = !self.turning,
            Action::Tour => self.tour(),
            Action::Visit(at) => self.visit(at),
            Action::Hunt => self.hunt(),
            Action::NextTarget => self.hunt.iter_mut().for_each(Hunt::next),
            Action::Back => self.back(),
            Action::Home => self.fly(HOME.family, HOME.camera, Some(HOME.name)),
            Action::Help => self.help = !self.help,
            Action::Close => self.close(),
            Action::Quit => self.quit = true,
        }
    }

    /// Lets `seconds` pass, for a picture of `size` pixels.
    pub(crate) fn tick(&mut self, seconds: f64, size: (u16, u16)) {
        let seconds = seconds.clamp(0.0, LONGEST_STEP);
        self.camera = self.motion.advance(self.camera, seconds);
        if self.turning {
            self.paint.shift = (self.paint.shift + TURN * seconds).fract();
        }
        if let Some((_, left)) = &mut self.message {
            *left -= seconds;
        }
        self.message.take_if(|(_, left)| *left <= 0.0);
        self.tick_tour(seconds);
        self.tick_hunt(seconds);
        if !self.picture.shows(self.family, self.camera, size) {
            self.picture = Picture::new(self.family, self.camera, size);
        }
    }

    fn tick_tour(&mut self, seconds: f64) {
        let Some((station, rested)) = self.tour else { return };
        if self.motion != Motion::Still {
            return;
        }
        self.tour = Some((station, rested + seconds));
        if rested + seconds >= REST {
            let next = (station + 1) % PLACES.len();
            self.visit(next);
            self.tour = Some((next, 0.0));
        }
    }

    fn tick_hunt(&mut self, seconds: f64) {
        let Some(hunt) = &mut self.hunt else { return };
        hunt.seconds += seconds;
        if self.motion == Motion::Still && hunt.warmth(self.family, self.camera) == Warmth::Found {
            hunt.found += 1;
            let words = format!("Found in {:.0} s! Next one…", hunt.seconds);
            hunt.next();
            self.say(&words);
        }
    }

    /// Moves the goal of the camera; whoever steers ends the tour.
    fn glide(&mut self, change: impl FnOnce(Camera) -> Camera) {
        let goal = match self.motion {
            Motion::Glide(goal) => goal,
            Motion::Still | Motion::Flight { .. } => self.camera,
        };
        (self.tour, self.place) = (None, None);
        self.motion = Motion::Glide(change(goal));
    }

    fn fly(&mut self, family: Family, camera: Camera, place: Option<&'static str>) {
        self.remember();
        if family != self.family {
            (self.family, self.camera) = (family, overview(family));
        }
        (self.tour, self.place) = (None, place);
        self.motion = Motion::flight(self.camera, camera);
    }

    fn switch(&mut self, family: Family) {
        self.remember();
        (self.family, self.camera, self.motion) = (family, overview(family), Motion::Still);
        (self.tour, self.place) = (None, None);
    }

    fn julia(&mut self) {
        if matches!(self.family, Family::Julia { .. }) {
            self.back();
        } else {
            let Camera { x: re, y: im, .. } = self.camera;
            self.switch(Family::Julia { re, im });
            self.say(&format!("Julia set of {re:.4}{im:+.4}i"));
        }
    }

    fn visit(&mut self, at: usize) {
        if let Some(place) = PLACES.get(at) {
            self.fly(place.family, place.camera, Some(place.name));
        }
    }

    fn tour(&mut self) {
        if self.tour.take().is_none() {
            self.visit(0);
            self.tour = Some((0, 0.0));
        }
    }

    fn hunt(&mut self) {
        if let Some(hunt) = self.hunt.take() {
            self.say(&format!("Hunt over: {} found", hunt.found));
        } else {
            self.fly(HOME.family, HOME.camera, Some(HOME.name));
            self.hunt = Some(Hunt::new());
            self.say("Find what the small picture shows!");
        }
    }

    fn remember(&mut self) {
        if self.memory.len() == MEMORY {
            self.memory.remove(0);
        }
        self.memory.push((self.family, self.motion.goal(self.camera)));
    }

    fn back(&mut self) {
        if let Some((family, camera)) = self.memory.pop() {
            (self.tour, self.place) = (None, None);
            if family == self.family {
                self.motion = Motion::flight(self.camera, camera);
            } else {
                (self.family, self.camera, self.motion) = (family, camera, Motion::Still);
            }
        } else {
            self.say("This is where the journey began");
        }
    }

    fn close(&mut self) {
        if self.help {
            self.help = false;
        } else if self.tour.take().is_none() && self.hunt.is_some() {
            self.hunt();
        }
    }

    fn say(&mut self, words: &str) {
        self.message = Some((words.to_owned(), REST));
    }
}

#[cfg(test)]
#[path = "app/tests.rs"]
mod tests;

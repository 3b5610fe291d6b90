//! The terminal: taken over whole, given back whole, and the loop between.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, DisableMouseCapture, EnableMouseCapture};
use ratatui::crossterm::execute;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use crate::app::App;
use crate::keys::Input;
use crate::view;

/// From one frame to the next while something moves, and how much of it may go into the picture.
const FRAME: Duration = Duration::from_millis(16);
const PICTURE: Duration = Duration::from_millis(12);
/// How long to wait for a key while nothing moves; the hunt's clock and signals are seen as often.
const IDLE: Duration = Duration::from_millis(250);

/// The terminal while it is ours; dropping it gives it back, also while a panic unwinds.
struct Screen {
    terminal: DefaultTerminal,
    mouse: bool,
}

impl Screen {
    fn take(mouse: bool) -> io::Result<Self> {
        // Made before the mouse is captured, so that a failure there still gives the terminal back.
        let screen = Self { terminal: ratatui::try_init()?, mouse };
        if mouse {
            execute!(io::stdout(), EnableMouseCapture)?;
        }
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that has gone cannot be restored, and needs no restoring.
        if self.mouse {
            let _ = execute!(io::stdout(), DisableMouseCapture);
        }
        let _ = self.terminal.show_cursor();
        let _ = ratatui::try_restore();
    }
}

/// Shows `app` until the user quits; ends as a signal would have ended it, but with the terminal given back.
pub(crate) fn run(app: &mut App, mouse: bool) -> io::Result<()> {
    let signalled = Arc::new(AtomicUsize::new(0));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        flag::register_usize(signal, Arc::clone(&signalled), signal as usize)?;
    }
    let mut screen = Screen::take(mouse)?;
    let outcome = show(app, &mut screen, &signalled);
    drop(screen);
    match signalled.load(Ordering::Relaxed) {
        0 => outcome,
        signal => low_level::emulate_default_handler(signal as i32),
    }
}

/// The loop: the picture becomes finer, a frame is drawn, time passes, keys are read.
fn show(app: &mut App, screen: &mut Screen, signalled: &AtomicUsize) -> io::Result<()> {
    let mut input = Input::default();
    let mut last = Instant::now();
    while !app.quit && signalled.load(Ordering::Relaxed) == 0 {
        let begun = Instant::now();
        let size = screen.terminal.size()?;
        let size = view::picture_size(size.width, size.height);
        app.tick(0.0, size);
        app.picture.refine(|| begun.elapsed() < PICTURE);
        screen.terminal.draw(|frame| view::draw(frame, app))?;
        let wait = if app.is_moving() { FRAME.saturating_sub(begun.elapsed()) } else { IDLE };
        let pressed = event::poll(wait)?;
        // Time passes before the keys count, so that a movement begins when its key is pressed.
        app.tick(last.elapsed().as_secs_f64(), size);
        last = Instant::now();
        if pressed {
            read_input(app, &mut input)?;
        }
    }
    Ok(())
}

/// Takes all events that have come: one frame answers them together.
fn read_input(app: &mut App, input: &mut Input) -> io::Result<()> {
    while !app.quit && event::poll(Duration::ZERO)? {
        if let Some(action) = input.action(&event::read()?) {
            app.update(action);
        }
    }
    Ok(())
}

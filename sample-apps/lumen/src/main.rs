//! A journey through fractals in the terminal.
//!
//! State, update and view are apart: [`app`] holds the state and changes it, [`view`] draws it, [`keys`] says what a key
//! asks for, and only [`screen`] touches the terminal.
//! Below them: [`fractal`] (the mathematics), [`camera`] and [`motion`] (where we look, how we get there), [`picture`]
//! (pixels, coarse to fine), [`palette`] and [`paint`] (colours, characters), [`places`] and [`hunt`] (where to go).

#![forbid(unsafe_code)]

mod app;
mod camera;
mod fractal;
mod hunt;
mod keys;
mod motion;
mod paint;
mod palette;
mod picture;
mod places;
mod screen;
mod view;

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use trial_facts::TrialFacts;

use crate::app::App;
use crate::palette::Depth;
use crate::picture::Picture;
use crate::places::{HOME, PLACES, Place};

/// The most columns or rows that `--print` draws.
const LARGEST_PRINT: u16 = 1_000;

/// Travel through fractals in the terminal, and hunt for their hidden places.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "\
Keys: arrows move, + and - zoom, 1 to 9 fly to a place, t tour, g hunt, p palette, ? all keys, q quit.

Environment:
  NO_COLOR   when not empty, draw with characters instead of colours
  COLORTERM  truecolor or 24bit: use 16 million colours"
)]
struct Arguments {
    /// Begin at one of the places, 1 to 12; 0 is the whole set
    #[arg(long, value_name = "NUMBER", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=PLACES.len() as i64))]
    place: u8,

    /// Draw one picture of this size to standard output, and end
    #[arg(long, value_name = "COLUMNSxROWS", value_parser = print_size)]
    print: Option<(u16, u16)>,

    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let place =
        usize::from(arguments.place).checked_sub(1).and_then(|at| PLACES.get(at)).unwrap_or(&HOME);
    let outcome = match arguments.print {
        Some(size) => print(place, size),
        None => explore(place, !arguments.no_mouse),
    };
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            // `eprintln!` would panic where standard error is closed.
            let _ = writeln!(io::stderr().lock(), "lumen: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn explore(place: &Place, mouse: bool) -> io::Result<()> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Err(io::Error::other(
            "standard input and output are not a terminal; run it in one, or draw one picture with --print 80x24",
        ));
    }
    let mut app = App::new(depth(), TrialFacts::from_environment());
    app.start_at(place);
    screen::run(&mut app, mouse)
}

fn print(place: &Place, (columns, rows): (u16, u16)) -> io::Result<()> {
    let mut app = App::new(if io::stdout().is_terminal() { depth() } else { Depth::Plain }, None);
    app.picture = Picture::finished(place.family, place.camera, (columns, rows * 2));
    let mut out = io::stdout().lock();
    out.write_all(app.paint.text(&app.picture).as_bytes())?;
    out.flush()
}

fn depth() -> Depth {
    let [no_color, colorterm, term] = ["NO_COLOR", "COLORTERM", "TERM"].map(env::var_os);
    Depth::of(no_color.as_deref(), colorterm.as_deref(), term.as_deref())
}

fn print_size(text: &str) -> Result<(u16, u16), String> {
    let sizes = text.split_once('x').map(|(columns, rows)| (columns.parse(), rows.parse()));
    match sizes {
        Some((Ok(columns @ 1..=LARGEST_PRINT), Ok(rows @ 1..=LARGEST_PRINT))) => {
            Ok((columns, rows))
        }
        _ => Err(format!("give columns and rows, such as 80x24, each from 1 to {LARGEST_PRINT}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
        assert_eq!(PLACES.len(), 12, "the help text names the number of places");
    }

    #[test]
    fn sizes_to_print_are_bounded() {
        assert_eq!(print_size("80x24"), Ok((80, 24)));
        for text in ["", "80", "0x24", "80x", "-1x5", "80x24x2", "99999x9"] {
            assert!(print_size(text).is_err(), "{text:?}");
        }
    }
}

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use trial_facts::TrialFacts;

use super::*;
use crate::app::Action;

fn facts(tail: &str) -> TrialFacts {
    let text = format!(
        r#"{{"application":"org.trybuy.lumen","name":"Lumen","release":"1.0.0","licensee_id":"L",{tail}}}"#
    );
    TrialFacts::parse(&text).expect("the object is the documented one")
}

fn screen(app: &mut App, columns: u16, rows: u16) -> Vec<String> {
    app.tick(0.0, picture_size(columns, rows));
    app.picture.refine(|| true);
    let mut terminal =
        Terminal::new(TestBackend::new(columns, rows)).expect("memory is a terminal");
    terminal.draw(|frame| draw(frame, app)).expect("memory can be drawn to");
    let buffer = terminal.backend().buffer();
    (0..rows)
        .map(|row| {
            (0..columns)
                .filter_map(|column| buffer.cell((column, row)))
                .map(|cell| cell.symbol())
                .collect()
        })
        .collect()
}

#[test]
fn the_status_line_keeps_the_days_left_in_every_width() {
    let mut app = App::new(Depth::Plain, Some(facts(r#""days_left":12,"state":"allowed""#)));
    let line = screen(&mut app, 80, 24).pop().expect("there is a last row");
    assert!(line.starts_with(" The whole set  ×1.0  Mandelbrot"), "{line:?}");
    assert!(line.ends_with("? help  q quit  12 days left "), "{line:?}");
    for columns in [14, 20, 40] {
        let line = screen(&mut app, columns, 6).pop().expect("there is a last row");
        assert!(line.ends_with("12 days left "), "{columns}: {line:?}");
    }
}

#[test]
fn a_warning_names_the_last_day() {
    let mut app =
        App::new(Depth::True, Some(facts(r#""state":"warning","until":"2026-12-29T10:00:00Z""#)));
    let line = screen(&mut app, 80, 24).pop().expect("there is a last row");
    assert!(line.contains("trial over, runs until 2026-12-29"), "{line:?}");
}

#[test]
fn everything_can_be_drawn_in_every_size() {
    for depth in [Depth::True, Depth::Indexed, Depth::Plain] {
        let mut app = App::new(depth, Some(facts(r#""days_left":1,"state":"allowed""#)));
        app.update(Action::Hunt);
        app.update(Action::Help);
        for (columns, rows) in
            [(1, 1), (1, 2), (2, 1), (3, 3), (20, 6), (44, 21), (80, 24), (200, 50)]
        {
            screen(&mut app, columns, rows);
        }
    }
}

#[test]
fn the_hunt_shows_its_picture_where_there_is_room() {
    let mut app = App::new(Depth::Plain, None);
    app.update(Action::Hunt);
    assert!(screen(&mut app, 80, 24)[0].contains("Where is this?"));
    let small = screen(&mut app, 30, 10);
    assert!(!small[0].contains("Where is this?"));
    assert!(small[9].contains("★0 0s"), "{small:?}");
}

#[test]
fn help_says_how_to_quit_even_where_space_is_short() {
    let mut app = App::new(Depth::Plain, None);
    app.update(Action::Help);
    assert!(screen(&mut app, 20, 6).iter().any(|line| line.contains("q, Ctrl-C")));
    let large = screen(&mut app, 80, 24).concat();
    assert!(HELP.iter().all(|(_, does)| large.contains(does)));
}

#[test]
fn without_colours_no_cell_has_one() {
    let mut app = App::new(Depth::Plain, Some(facts(r#""state":"warning""#)));
    app.update(Action::Hunt);
    app.update(Action::Help);
    app.tick(0.0, picture_size(80, 24));
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("memory is a terminal");
    terminal.draw(|frame| draw(frame, &app)).expect("memory can be drawn to");
    let coloured = |colour| colour != Color::Reset;
    assert!(
        terminal
            .backend()
            .buffer()
            .content()
            .iter()
            .all(|cell| !coloured(cell.fg) && !coloured(cell.bg))
    );
}

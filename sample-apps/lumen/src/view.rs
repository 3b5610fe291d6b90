//! Draws the state: the picture, what lies over it, and the status line.

mod status;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

use crate::app::App;
use crate::hunt::{Hunt, THUMBNAIL};
use crate::paint::{Ink, Paint};
use crate::palette::Depth;
use crate::picture::Picture;

/// The smallest area in which the hunted picture leaves enough of the large one.
const ROOM_FOR_THUMBNAIL: (u16, u16) = (THUMBNAIL.0 * 2, THUMBNAIL.1);

/// Keys and what they do; the most needed first, because a small terminal cuts the end off.
const HELP: &[(&str, &str)] = &[
    ("q, Ctrl-C", "quit"),
    ("arrows, hjkl", "move (shift: finely)"),
    ("+ -  wheel", "closer, farther"),
    ("click, drag", "closer there, move"),
    ("1 … 9", "fly to a place"),
    ("0, b", "home, back"),
    ("t", "tour of all places"),
    ("g", "hunt: find the place!"),
    ("n", "  another place to find"),
    ("f", "Mandelbrot, Ship, Tricorn"),
    ("i", "Julia set of the centre"),
    ("p P", "palette"),
    ("c, space", "turn the colours"),
    ("Esc", "close, stop"),
];

/// The pixels of the picture in a terminal of this size: one line is the status line's, and a cell is two pixels high.
pub(crate) fn picture_size(columns: u16, rows: u16) -> (u16, u16) {
    (columns, rows.saturating_sub(1).saturating_mul(2))
}

/// Draws one frame.
pub(crate) fn draw(frame: &mut Frame<'_>, app: &App) {
    let [main, bottom] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(frame.area());
    paint_picture(frame.buffer_mut(), main, &app.picture, &app.paint);
    if let Some(hunt) = &app.hunt {
        draw_hunt(frame, main, hunt, app);
    }
    if app.help {
        draw_help(frame, main, app.paint.depth);
    }
    status::draw(frame, bottom, app);
}

fn paint_picture(buffer: &mut Buffer, area: Rect, picture: &Picture, paint: &Paint) {
    for row in 0..area.height {
        for column in 0..area.width {
            let painted = paint.cell(picture, column, row);
            if let Some(cell) = buffer.cell_mut((area.x + column, area.y + row)) {
                cell.set_char(painted.glyph);
                if let Some((upper, lower)) = painted.inks {
                    cell.set_fg(colour(upper)).set_bg(colour(lower));
                }
            }
        }
    }
}

fn colour(ink: Ink) -> Color {
    match ink {
        Ink::True([red, green, blue]) => Color::Rgb(red, green, blue),
        Ink::Indexed(index) => Color::Indexed(index),
    }
}

/// The style of everything that lies over the picture.
fn panel_style(depth: Depth) -> Style {
    match depth {
        Depth::True => Style::new().fg(Color::Rgb(225, 225, 235)).bg(Color::Rgb(16, 16, 26)),
        Depth::Indexed => Style::new().fg(Color::Indexed(254)).bg(Color::Indexed(234)),
        Depth::Plain => Style::new(),
    }
}

fn panel(depth: Depth, title: &str) -> Block<'_> {
    Block::bordered()
        .border_type(BorderType::Rounded)
        .title(Line::from(title).bold())
        .style(panel_style(depth))
}

fn draw_hunt(frame: &mut Frame<'_>, main: Rect, hunt: &Hunt, app: &App) {
    if main.width < ROOM_FOR_THUMBNAIL.0 || main.height < ROOM_FOR_THUMBNAIL.1 {
        // The status line still tells warm from cold.
        return;
    }
    let (width, height) = (THUMBNAIL.0 + 2, THUMBNAIL.1 / 2 + 2);
    let area = Rect::new(main.right() - width - 1, main.y, width, height);
    let block = panel(app.paint.depth, " Where is this? ");
    frame.render_widget(Clear, area);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    paint_picture(frame.buffer_mut(), inner, &hunt.thumbnail, &app.paint);
}

fn draw_help(frame: &mut Frame<'_>, main: Rect, depth: Depth) {
    let lines: Vec<Line<'_>> = HELP
        .iter()
        .map(|(key, does)| Line::from(vec![format!(" {key:<13}").bold(), (*does).into()]))
        .collect();
    let width = 44.min(main.width);
    let height = (lines.len() as u16 + 2).min(main.height);
    let area = Rect::new(
        main.x + (main.width - width) / 2,
        main.y + (main.height - height) / 2,
        width,
        height,
    );
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(panel(depth, " Lumen ")), area);
}

#[cfg(test)]
#[path = "view/tests.rs"]
mod tests;

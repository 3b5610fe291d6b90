//! The status line: as much as fits, the most important first.

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::app::App;
use crate::palette::Depth;

/// Columns between two parts.
const GAP: usize = 2;

/// Draws the line into `area`.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let style = match app.paint.depth {
        Depth::Plain => Style::new().reversed(),
        _ => super::panel_style(app.paint.depth),
    };
    let (left, right) = parts(app, usize::from(area.width));
    frame.render_widget(Paragraph::new(Line::from(left)).style(style), area);
    let right = Line::from(right);
    let width = u16::try_from(right.width()).unwrap_or(u16::MAX).min(area.width);
    let corner = Rect { x: area.right() - width, width, ..area };
    frame.render_widget(Paragraph::new(right).style(style).alignment(Alignment::Right), corner);
}

/// The left and the right part of a line of `width` columns.
///
/// What the trial has left is never given up for anything else.
fn parts(app: &App, width: usize) -> (Vec<Span<'static>>, Vec<Span<'static>>) {
    let mut right = trial(app).into_iter().collect::<Vec<_>>();
    let mut room = width.saturating_sub(right.iter().map(Span::width).sum());
    let mut left = Vec::new();
    let mut give = |spans: &mut Vec<Span<'static>>, span: Span<'static>, first: bool| {
        let needed = span.width() + if first { 1 } else { GAP };
        if needed <= room {
            room -= needed;
            spans.push(Span::raw(" ".repeat(needed - span.width())));
            spans.push(span);
        }
    };
    if let Some(hunt) = hunt(app) {
        give(&mut left, hunt, true);
    }
    give(&mut left, app.title().to_owned().bold(), true);
    let mut help = Vec::new();
    give(&mut help, "? help  q quit ".into(), false);
    give(&mut left, magnification(app.magnification()).into(), false);
    give(&mut left, app.family.title().into(), false);
    help.append(&mut right);
    (left, help)
}

fn trial(app: &App) -> Option<Span<'static>> {
    let facts = app.trial.as_ref()?;
    let words = format!(" {} ", facts.notice());
    let style = match (app.paint.depth, facts.is_warning()) {
        (Depth::Plain, _) => Style::new().bold(),
        (_, true) => Style::new().fg(Color::Indexed(16)).bg(Color::Indexed(220)).bold(),
        (_, false) => Style::new().fg(Color::Indexed(115)),
    };
    Some(Span::styled(words, style))
}

fn hunt(app: &App) -> Option<Span<'static>> {
    let hunt = app.hunt.as_ref()?;
    let warmth = hunt.warmth(app.family, app.camera).word();
    let words =
        format!("★{} {:.0}s {warmth} {}", hunt.found, hunt.seconds.floor(), hunt.hint(app.camera));
    Some(words.trim_end().to_owned().bold())
}

fn magnification(times: f64) -> String {
    match times {
        times if times < 10.0 => format!("×{times:.1}"),
        times if times < 100_000.0 => format!("×{times:.0}"),
        times => format!("×{times:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magnifications_stay_short() {
        let cases = [(0.5, "×0.5"), (1.0, "×1.0"), (1234.5, "×1234"), (2.5e9, "×2.5e9")];
        for (times, expected) in cases {
            assert_eq!(magnification(times), expected);
        }
    }
}

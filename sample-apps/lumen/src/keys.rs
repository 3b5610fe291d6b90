//! Which key and which turn of the mouse asks for what.

use ratatui::crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use crate::app::Action;

/// How far an arrow key moves, in spans; with shift, a tenth.
const STEP: f64 = 0.15;
/// How much closer a key, a click and a turn of the wheel bring.
const CLOSER: f64 = 1.5;
const WHEEL: f64 = 1.25;

/// Remembers where the mouse was pressed, to tell a click from a drag.
#[derive(Debug, Default)]
pub(crate) struct Input {
    pressed: Option<(u16, u16)>,
    dragged: bool,
}

impl Input {
    /// What an event asks for, if anything.
    pub(crate) fn action(&mut self, event: &Event) -> Option<Action> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => key_action(key),
            Event::Mouse(mouse) => self.mouse_action(*mouse),
            _ => None,
        }
    }

    fn mouse_action(&mut self, mouse: MouseEvent) -> Option<Action> {
        let (column, row) = (mouse.column, mouse.row);
        // A cell is two pixels high.
        let at = |factor| Some(Action::ZoomAt(column, row.saturating_mul(2), factor));
        match mouse.kind {
            MouseEventKind::ScrollUp => at(WHEEL),
            MouseEventKind::ScrollDown => at(1.0 / WHEEL),
            MouseEventKind::Down(MouseButton::Right) => at(1.0 / (CLOSER * CLOSER)),
            MouseEventKind::Down(MouseButton::Left) => {
                (self.pressed, self.dragged) = (Some((column, row)), false);
                None
            }
            MouseEventKind::Drag(MouseButton::Left) => {
                let (from_column, from_row) = self.pressed.replace((column, row))?;
                self.dragged = true;
                let right = f64::from(column) - f64::from(from_column);
                let down = (f64::from(row) - f64::from(from_row)) * 2.0;
                Some(Action::Drag(right, down))
            }
            MouseEventKind::Up(MouseButton::Left) => {
                self.pressed.take().filter(|_| !self.dragged)?;
                at(CLOSER * CLOSER)
            }
            _ => None,
        }
    }
}

fn key_action(key: &KeyEvent) -> Option<Action> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return matches!(key.code, KeyCode::Char('c' | 'C')).then_some(Action::Quit);
    }
    let step = if key.modifiers.contains(KeyModifiers::SHIFT) { STEP / 10.0 } else { STEP };
    Some(match key.code {
        KeyCode::Left | KeyCode::Char('h') => Action::Pan(-step, 0.0),
        KeyCode::Right | KeyCode::Char('l') => Action::Pan(step, 0.0),
        KeyCode::Up | KeyCode::Char('k') => Action::Pan(0.0, step),
        KeyCode::Down | KeyCode::Char('j') => Action::Pan(0.0, -step),
        KeyCode::Char('+' | '=') | KeyCode::PageUp | KeyCode::Enter => Action::Zoom(CLOSER),
        KeyCode::Char('-' | '_') | KeyCode::PageDown => Action::Zoom(1.0 / CLOSER),
        KeyCode::Char('f') => Action::NextFamily,
        KeyCode::Char('i') => Action::Julia,
        KeyCode::Char('p') | KeyCode::Tab => Action::Palette(1),
        KeyCode::Char('P') | KeyCode::BackTab => Action::Palette(-1),
        KeyCode::Char('c' | ' ') => Action::Turn,
        KeyCode::Char('t') => Action::Tour,
        KeyCode::Char('g') => Action::Hunt,
        KeyCode::Char('n') => Action::NextTarget,
        KeyCode::Char('b') | KeyCode::Backspace => Action::Back,
        KeyCode::Char('0') | KeyCode::Home => Action::Home,
        KeyCode::Char(digit @ '1'..='9') => Action::Visit(usize::from(digit as u8 - b'1')),
        KeyCode::Char('?') | KeyCode::F(1) => Action::Help,
        KeyCode::Esc => Action::Close,
        KeyCode::Char('q' | 'Q') => Action::Quit,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> Option<Action> {
        Input::default().action(&Event::Key(KeyEvent::new(code, modifiers)))
    }

    fn mouse(kind: MouseEventKind, column: u16, row: u16) -> Event {
        Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
    }

    #[test]
    fn q_and_control_c_quit_but_c_alone_does_not() {
        assert_eq!(key(KeyCode::Char('q'), KeyModifiers::NONE), Some(Action::Quit));
        assert_eq!(key(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Action::Quit));
        assert_eq!(key(KeyCode::Char('c'), KeyModifiers::NONE), Some(Action::Turn));
        assert_eq!(key(KeyCode::Char('q'), KeyModifiers::CONTROL), None);
    }

    #[test]
    fn digits_visit_places_from_the_first() {
        assert_eq!(key(KeyCode::Char('1'), KeyModifiers::NONE), Some(Action::Visit(0)));
        assert_eq!(key(KeyCode::Char('9'), KeyModifiers::NONE), Some(Action::Visit(8)));
    }

    #[test]
    fn a_click_zooms_and_a_drag_only_moves() {
        let left = MouseButton::Left;
        let mut input = Input::default();
        assert_eq!(input.action(&mouse(MouseEventKind::Down(left), 5, 5)), None);
        assert_eq!(
            input.action(&mouse(MouseEventKind::Up(left), 5, 5)),
            Some(Action::ZoomAt(5, 10, CLOSER * CLOSER))
        );
        input.action(&mouse(MouseEventKind::Down(left), 5, 5));
        assert_eq!(
            input.action(&mouse(MouseEventKind::Drag(left), 8, 4)),
            Some(Action::Drag(3.0, -2.0))
        );
        assert_eq!(input.action(&mouse(MouseEventKind::Up(left), 8, 4)), None);
    }

    #[test]
    fn a_drag_that_began_elsewhere_is_ignored() {
        let drag = mouse(MouseEventKind::Drag(MouseButton::Left), 8, 4);
        assert_eq!(Input::default().action(&drag), None);
    }
}

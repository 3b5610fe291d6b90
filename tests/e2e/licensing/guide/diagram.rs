//! Sequence diagrams, as far as the guide uses them (Mermaid, "Sequence diagrams").

use anyhow::{Context as _, Result, ensure};

/// Finds what could not be drawn.
pub(super) fn check(diagram: &str) -> Result<()> {
    let mut lines = diagram.lines().map(str::trim).filter(|line| !line.is_empty());
    ensure!(lines.next() == Some("sequenceDiagram"), "it is no sequence diagram");
    let mut drawn = Drawn::default();
    for line in lines {
        drawn.take(line).with_context(|| format!("in {line:?}"))?;
    }
    ensure!(drawn.open == 0, "an alt has no end");
    Ok(())
}

/// What was drawn before a line.
#[derive(Default)]
struct Drawn<'a> {
    participants: Vec<&'a str>,
    /// How many `alt` have no `end` yet.
    open: usize,
}

impl<'a> Drawn<'a> {
    fn take(&mut self, line: &'a str) -> Result<()> {
        // The one ends a statement, the other begins an entity code.
        ensure!(!line.contains([';', '#']), "it has a character that a text cannot have");
        match line.split_once(' ').unwrap_or((line, "")) {
            ("participant", rest) => self.declare(rest),
            ("Note", rest) => self.note(rest),
            ("alt", condition) => {
                self.open += 1;
                has_text(condition)
            }
            ("else", _) => {
                ensure!(self.open > 0, "it is in no alt");
                Ok(())
            }
            ("end", "") => {
                self.open = self.open.checked_sub(1).context("it ends no alt")?;
                Ok(())
            }
            _ => self.message(line),
        }
    }

    fn declare(&mut self, rest: &'a str) -> Result<()> {
        let (id, name) = rest.split_once(" as ").context("a participant has an id and a name")?;
        let is_id = id.bytes().all(|byte| byte.is_ascii_alphanumeric()) && id != "end";
        ensure!(is_id && !id.is_empty(), "{id:?} is no id");
        ensure!(!self.participants.contains(&id), "{id} is declared twice");
        self.participants.push(id);
        has_text(name)
    }

    fn note(&self, rest: &str) -> Result<()> {
        let (place, text) = rest.split_once(':').context("a note has a text")?;
        let over: Vec<_> =
            place.strip_prefix("over ").context("a note is over")?.split(',').collect();
        ensure!(over.len() <= 2, "a note is over one participant or from one to another");
        over.into_iter().try_for_each(|id| self.is_declared(id))?;
        has_text(text)
    }

    fn message(&self, line: &str) -> Result<()> {
        let (way, text) = line.split_once(':').context("it is no statement that the guide uses")?;
        let (from, to) =
            way.split_once("-->>").or_else(|| way.split_once("->>")).context("it has no arrow")?;
        self.is_declared(from)?;
        self.is_declared(to)?;
        has_text(text)
    }

    fn is_declared(&self, id: &str) -> Result<()> {
        ensure!(self.participants.contains(&id), "{id:?} is no participant");
        Ok(())
    }
}

fn has_text(text: &str) -> Result<()> {
    ensure!(!text.trim().is_empty(), "it has no text");
    Ok(())
}

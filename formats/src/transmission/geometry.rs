//! Where in the body's plaintext the sections and the pieces of the control area stand.
//!
//! The one piece of code that knows it, for both layouts, for sealing and for opening. It computes
//! with numbers only.

use std::ops::Range;

use super::dispersed::PIECES;

/// Of what a part of the body's plaintext is a part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    /// Of the sections.
    Sections,
    /// Of the control area.
    ControlArea,
}

/// A part of the body's plaintext that stands together in its source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Segment {
    /// Which bytes of the body's plaintext.
    pub(super) stream: Range<u64>,
    /// What they are part of.
    pub(super) source: Source,
    /// Where they begin in it.
    pub(super) start: u64,
}

impl Segment {
    /// The part of it that lies in a range of the body's plaintext; none if that is nothing.
    fn within(self, range: &Range<u64>) -> Option<Self> {
        let start = self.stream.start.max(range.start);
        let end = self.stream.end.min(range.end);
        (start < end).then(|| Self {
            start: self.start + (start - self.stream.start),
            stream: start..end,
            source: self.source,
        })
    }

    /// Which bytes of its source it is.
    pub(super) fn source_range(&self) -> Range<u64> {
        self.start..self.start + (self.stream.end - self.stream.start)
    }
}

/// The geometry of one body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Geometry {
    /// Bytes of the sections.
    sections: u64,
    /// Bytes of a piece; none where the control area is not dispersed.
    piece: u64,
    /// Before which byte of the sections each piece stands, in ascending order.
    places: [u64; PIECES],
}

impl Geometry {
    /// The sections alone (`TF-7`).
    pub(super) fn leading(sections: u64) -> Self {
        Self { sections, piece: 0, places: [sections; PIECES] }
    }

    /// The sections with pieces of `piece` bytes inserted before the bytes at `places`, which are in
    /// ascending order and at most `sections` (`TF-9`).
    pub(super) fn dispersed(sections: u64, piece: u64, places: [u64; PIECES]) -> Self {
        Self { sections, piece, places }
    }

    /// Bytes of the body's plaintext.
    pub(super) fn length(&self) -> u64 {
        self.sections + self.piece * PIECES as u64
    }

    /// The segments of a range of the body's plaintext, in order.
    pub(super) fn segments(&self, range: Range<u64>) -> impl Iterator<Item = Segment> {
        let geometry = *self;
        (0..=PIECES)
            .flat_map(move |number| [Some(geometry.text(number)), geometry.piece(number)])
            .flatten()
            .filter_map(move |segment| segment.within(&range))
    }

    /// The part of the sections before the piece of that number, or before the end.
    fn text(&self, number: usize) -> Segment {
        let from = number.checked_sub(1).map_or(0, |before| self.places[before]);
        let until = self.places.get(number).copied().unwrap_or(self.sections);
        let shift = self.piece * number as u64;
        Segment { stream: from + shift..until + shift, source: Source::Sections, start: from }
    }

    fn piece(&self, number: usize) -> Option<Segment> {
        let start = self.piece * number as u64;
        let at = *self.places.get(number)? + start;
        Some(Segment { stream: at..at + self.piece, source: Source::ControlArea, start })
    }

    /// Where the pieces of the control area stand in the body's plaintext.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Segment> {
        let geometry = *self;
        (0..PIECES).filter_map(move |number| geometry.piece(number))
    }

    /// How many bytes of the sections stand in the body's plaintext before `position`.
    pub(super) fn sections_before(&self, position: u64) -> u64 {
        let pieces = self
            .pieces()
            .map(|piece| position.clamp(piece.stream.start, piece.stream.end) - piece.stream.start);
        let position = position.min(self.length());
        position - pieces.sum::<u64>()
    }

    /// Where a byte of the sections stands in the body's plaintext.
    pub(super) fn position(&self, section_byte: u64) -> u64 {
        let pieces = self.places.iter().filter(|place| **place <= section_byte).count();
        section_byte + self.piece * pieces as u64
    }

    /// The range of the body's plaintext from the first to the last of a range of section bytes, of
    /// which there is at least one.
    pub(super) fn covering(&self, sections: &Range<u64>) -> Range<u64> {
        let last = sections.end.saturating_sub(1);
        self.position(sections.start)..self.position(last) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body's plaintext written out: each byte as its source and number.
    fn naive(sections: u64, piece: u64, places: &[u64; PIECES]) -> Vec<(Source, u64)> {
        let mut body = Vec::new();
        for byte in 0..=sections {
            for (number, _) in places.iter().enumerate().filter(|(_, place)| **place == byte) {
                let start = number as u64 * piece;
                body.extend((start..start + piece).map(|byte| (Source::ControlArea, byte)));
            }
            body.extend((byte < sections).then_some((Source::Sections, byte)));
        }
        body
    }

    const CASES: [(u64, u64, [u64; PIECES]); 8] = [
        (10, 0, [10; PIECES]),
        (10, 3, [0; PIECES]),
        (10, 3, [10; PIECES]),
        (10, 1, [0, 1, 2, 3, 4, 5, 6, 7]),
        (10, 5, [0, 0, 3, 3, 3, 9, 10, 10]),
        (1, 2, [0, 0, 0, 0, 1, 1, 1, 1]),
        (40, 4, [5, 6, 11, 12, 12, 30, 39, 40]),
        (40, 1, [7, 7, 7, 7, 7, 7, 7, 7]),
    ];

    #[test]
    fn segments_agree_with_a_body_written_out() {
        for (sections, piece, places) in CASES {
            let geometry = Geometry::dispersed(sections, piece, places);
            let body = naive(sections, piece, &places);
            assert_eq!(geometry.length(), body.len() as u64);
            for start in 0..=geometry.length() {
                for end in start..=geometry.length() {
                    let bytes = geometry.segments(start..end).flat_map(|segment| {
                        segment.source_range().map(move |byte| (segment.source, byte))
                    });
                    let expected = &body[start as usize..end as usize];
                    assert!(bytes.eq(expected.iter().copied()), "{places:?} {start}..{end}");
                }
            }
        }
    }

    #[test]
    fn positions_agree_with_a_body_written_out() {
        for (sections, piece, places) in CASES {
            let geometry = Geometry::dispersed(sections, piece, places);
            let body = naive(sections, piece, &places);
            for byte in 0..sections {
                let position = geometry.position(byte);
                assert_eq!(body[position as usize], (Source::Sections, byte));
                assert_eq!(geometry.covering(&(byte..byte + 1)), position..position + 1);
            }
            for position in 0..=geometry.length() {
                let before = &body[..position as usize];
                let expected = before.iter().filter(|(s, _)| *s == Source::Sections).count();
                assert_eq!(geometry.sections_before(position), expected as u64);
            }
        }
    }

    #[test]
    fn a_leading_body_is_the_sections() {
        let geometry = Geometry::leading(10);
        let whole = Segment { stream: 2..10, source: Source::Sections, start: 2 };
        assert!(geometry.segments(2..99).eq([whole]));
        assert_eq!((geometry.length(), geometry.position(7)), (10, 7));
    }
}

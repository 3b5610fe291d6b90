//! The order of the sections, the same in all formats (`TF-4`, `SF-1`).

use std::ops::Range;

use crate::control::Sections;
use crate::limits;

impl Sections {
    /// Bytes of all sections.
    pub fn total(&self) -> u64 {
        self.program_range().end
    }

    /// Where the documentation stands in the sections.
    pub fn documentation_range(&self) -> Range<u64> {
        0..self.documentation
    }

    /// Where the licensing terms stand in the sections.
    pub fn terms_range(&self) -> Range<u64> {
        following(self.documentation_range(), self.terms)
    }

    /// Where the relicensing terms stand in the sections.
    pub fn relicensing_range(&self) -> Range<u64> {
        following(self.terms_range(), self.relicensing)
    }

    /// Where the program section stands in the sections.
    pub fn program_range(&self) -> Range<u64> {
        following(self.relicensing_range(), self.program)
    }

    /// Whether each length is within its cap, and terms and program are there (`TF-1`).
    pub fn are_within_caps(&self) -> bool {
        self.documentation <= limits::DOCUMENTATION
            && (1..=limits::TERMS).contains(&self.terms)
            && self.relicensing <= limits::TERMS
            && (limits::LEAST_PROGRAM_SECTION..=limits::PROGRAM).contains(&self.program)
    }
}

/// The range of `length` bytes after another; saturates where lengths are not within their caps.
fn following(before: Range<u64>, length: u64) -> Range<u64> {
    before.end..before.end.saturating_add(length)
}

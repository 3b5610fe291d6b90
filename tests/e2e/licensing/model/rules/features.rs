//! Features of the product.

/// The features that there are.
const NAMES: [&str; 2] = ["basic", "print"];

/// Some of them, each a bit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Features(u8);

impl Features {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const FULL: Self = Self(3);
    /// Every choice of one.
    pub(crate) const SOME: [Self; 2] = [Self(1), Self(2)];
    /// Every choice of them.
    pub(crate) const ALL: [Self; 4] = [Self(0), Self(1), Self(2), Self(3)];

    /// Whether they are enough where others are wanted.
    pub(crate) fn enable(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// These and others.
    pub(super) fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(super) fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// What they are called, in their order.
    pub(crate) fn names(self) -> Vec<&'static str> {
        let chosen = NAMES.iter().enumerate().filter(|(at, _)| self.0 >> at & 1 == 1);
        chosen.map(|(_, name)| *name).collect()
    }
}

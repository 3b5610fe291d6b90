//! One end-to-end test: its name, what it needs, what it does.

use std::sync::{Arc, OnceLock};

use anyhow::Result;
use libtest_mimic::{Failed, Trial};

use trybuy_tests::binaries::{Binaries, Profile};
use trybuy_tests::component::Component;
use trybuy_tests::world::World;

/// What the tests share, made when it is first asked for.
#[derive(Default)]
pub(crate) struct Shared {
    binaries: OnceLock<Binaries>,
    world: OnceLock<World>,
}

impl Shared {
    /// The programs.
    pub(crate) fn binaries(&self) -> &Binaries {
        self.binaries.get_or_init(|| Binaries::build(Profile::Debug).expect("the programs build"))
    }

    /// A server that all tests use which do it no harm; each has applications and users of its own.
    pub(crate) fn world(&self) -> &World {
        let start = || World::start(self.binaries()).expect("a server starts");
        self.world.get_or_init(start)
    }

    /// A server for one test alone.
    pub(crate) fn own_world(&self) -> Result<World> {
        World::start(self.binaries())
    }
}

/// A test.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// Its name: a behaviour.
    pub(crate) name: &'static str,
    /// What it needs of the machine.
    pub(crate) needs: &'static [Component],
    /// What it does.
    pub(crate) run: fn(&Shared) -> Result<()>,
}

impl Case {
    /// The test as the test runner knows it.
    pub(crate) fn trial(self, shared: &Arc<Shared>) -> Trial {
        let missing = self.needs.iter().copied().find(|component| !component.is_here());
        let strict = std::env::var_os("CI").is_some_and(|value| value == "true");
        if let (Some(component), false) = (missing, strict) {
            eprintln!("skipped: {} needs {} ({component:?})", self.name, component.package());
        }
        let shared = Arc::clone(shared);
        let run = move || match missing {
            Some(component) => Err(Failed::from(format!("missing: {}", component.package()))),
            None => (self.run)(&shared).map_err(|error| Failed::from(format!("{error:#}"))),
        };
        Trial::test(self.name, run).with_ignored_flag(missing.is_some() && !strict)
    }
}

/// Declares the tests of a file: each function is a test by its own name.
macro_rules! cases {
    ($($name:ident $([$($need:ident),+])?),+ $(,)?) => {
        /// The tests of this file.
        pub(crate) const CASES: &[crate::case::Case] = &[$(crate::case::Case {
            name: concat!(module_path!(), "::", stringify!($name)),
            needs: &[$($(trybuy_tests::component::Component::$need),+)?],
            run: $name,
        }),+];
    };
}
pub(crate) use cases;

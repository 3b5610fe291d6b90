//! Program execution, with real processes.
//!
//! A launcher has to be a process of its own, and so do the programs it launches and those who
//! attack them. All of them are this executable: its first argument says which role it plays.
//! Without a role it is an ordinary test executable (`libtest-mimic` takes `cargo test`'s
//! arguments).
//!
//! Nothing is promised against root, so root runs each test as an unprivileged user.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod apart;
mod attacks;
mod expect;
mod process;
mod roles;
mod unprivileged;

mod deadlines;
mod descendants;
mod refusals;
mod running;
mod secrecy;
mod signals;
mod terminal;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use libtest_mimic::{Arguments, Trial};

/// A test's name and what it does.
type Case = (&'static str, fn());

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if let Some(role) = arguments.next().and_then(|role| role.into_string().ok())
        && let Some(code) = roles::play(&role, arguments.collect())
    {
        return code;
    }
    inherit_no_ignored_hangup();
    let cases = [
        running::CASES,
        apart::CASES,
        signals::CASES,
        secrecy::CASES,
        refusals::CASES,
        deadlines::CASES,
        descendants::CASES,
        terminal::CASES,
    ];
    let user = unprivileged::User::for_tests();
    let trials = cases.concat().into_iter().map(|(name, test)| {
        let user = user.clone();
        Trial::test(name, move || user.run(name, test))
    });
    let mut trials: Vec<_> = trials.collect();
    if rustix::process::geteuid().is_root() {
        let as_root = [secrecy::ROOT_CASES, refusals::ROOT_CASES].concat().into_iter();
        trials.extend(as_root.map(|(name, test)| {
            Trial::test(name, move || {
                test();
                Ok(())
            })
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Whoever runs the tests under `nohup` ignores SIGHUP, and all that is launched would inherit that.
/// A signal that is handled here begins as a default one there.
fn inherit_no_ignored_hangup() {
    let unused = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGHUP, unused).unwrap();
}

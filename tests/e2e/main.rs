//! The end-to-end tests: real server processes, real Builder processes, real programs.
//!
//! A test that needs something this machine lacks is counted as skipped, with a notice of what to
//! install; with `CI=true` it fails instead, so that nothing is ever skipped unnoticed there.

mod buying;
mod case;
mod damaged;
mod databases;
mod decoder;
mod encrypted;
mod full_disk;
mod interrupted;
mod invariants;
mod licensing;
mod machines;
mod main_job;
mod object_storage;
mod offline;
mod offline_time;
mod people;
mod policies;
mod publishing;
mod running_time;
mod second_machine;
mod secrecy;
mod support;
mod terminal;
mod together;
mod trust;
mod webhooks;

use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use case::{Case, Shared};

fn main() {
    let arguments = Arguments::from_args();
    let shared = Arc::new(Shared::default());
    let cases = [
        buying::CASES,
        damaged::CASES,
        databases::CASES,
        decoder::CASES,
        encrypted::CASES,
        full_disk::CASES,
        interrupted::CASES,
        invariants::CASES,
        licensing::door::CASES,
        licensing::failures::CASES,
        licensing::granting::CASES,
        licensing::guide::CASES,
        licensing::model::CASES,
        licensing::orders::CASES,
        licensing::other_software::CASES,
        licensing::processes::CASES,
        licensing::records::CASES,
        main_job::CASES,
        object_storage::CASES,
        people::CASES,
        policies::CASES,
        offline::CASES,
        offline_time::CASES,
        publishing::CASES,
        running_time::CASES,
        second_machine::CASES,
        secrecy::CASES,
        terminal::CASES,
        together::CASES,
        trust::CASES,
        webhooks::CASES,
    ]
    .concat();
    let trials: Vec<Trial> = cases.into_iter().map(|case: Case| case.trial(&shared)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // The servers end with the worlds they are part of, and `exit` would skip that.
    drop(shared);
    conclusion.exit();
}

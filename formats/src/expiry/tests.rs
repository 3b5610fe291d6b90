//! The decision as a table: every rule of `docs/formats/expiry.md` and its borders.

use super::*;
use crate::builder_license::{BuilderKind, Holder};
use crate::control::{LicenseKind, Sections};
use crate::ids::{Digest, FileKeyCommitment, KeyId, LicenseId, LicenseeId, Platform, TrialId};
use crate::policy::{Layout, Limits, OnExpiry};

const END: i64 = 1_000_000_000;
const DAY_SECONDS: i64 = 86_400;
const WEEK: Span = Span::seconds(7 * 86_400);

fn at(seconds: i64) -> Instant {
    Instant::from_unix(seconds).expect("in range")
}

fn control(expiration: Expiration) -> ControlInformation {
    ControlInformation {
        format: 1,
        application: "com.example.sketch".parse().expect("an id"),
        name: "Sketch".parse().expect("a name"),
        release: "1.4.0".parse().expect("a version"),
        platform: Platform::current(),
        licensee_id: LicenseeId::new(),
        trial_id: TrialId::new(),
        kind: LicenseKind::Trial,
        head_number: 1,
        issued_at: at(END - 30 * DAY_SECONDS),
        ends_at: Some(at(END)),
        expiration,
        limits: Limits::default(),
        on_expiry: OnExpiry::Finish,
        builder_key_id: KeyId::from_bytes([0; 32]),
        minimum_builder: None,
        file_key_commitment: FileKeyCommitment::from_bytes([0; 32]),
        layout: Layout::Leading,
        sections: Sections { documentation: 0, terms: 1, relicensing: 0, program: 17 },
        program_size: 1,
        program_digest: Digest::from_bytes([0; 32]),
        terms_digest: Digest::from_bytes([0; 32]),
    }
}

fn license(ends_at: Option<Instant>) -> BuilderLicense {
    BuilderLicense {
        format: 1,
        license_id: LicenseId::new(),
        licensee_ids: vec![LicenseeId::new()],
        kind: BuilderKind::Trial,
        holder: Holder {
            name: "Ada".parse().expect("a name"),
            email: "ada@example.com".parse().expect("an address"),
        },
        platform: Platform::current(),
        builder_key_id: KeyId::from_bytes([0; 32]),
        request_key: vec![0; 32],
        sealed_secret: vec![0; 384],
        issued_at: at(0),
        ends_at,
        terms_digest: Digest::from_bytes([0; 32]),
    }
}

fn version(text: &str) -> Version {
    text.parse().expect("a version")
}

fn decide_at(now: i64, control: &ControlInformation, state: &TrialState) -> Decision {
    decide(control, &license(None), &version("1.0.0"), TrustedTime::vouch(at(now)), state)
}

fn refuse(reason: Refusal) -> Decision {
    Decision::Refuse { reason }
}

fn allow(remaining: i64) -> Decision {
    Decision::Allow { remaining: Some(at(remaining).since(at(0))) }
}

#[test]
fn hard_expiration_refuses_from_the_end_instant_on() {
    let control = control(Expiration::Hard {});
    let over = refuse(Refusal::TrialExpired(at(END)));
    for (now, expected) in [
        (END - 30 * DAY_SECONDS, allow(30 * DAY_SECONDS)),
        (END - 1, allow(1)),
        (END, over),
        (END + 1, over),
        (END + 10_000 * DAY_SECONDS, over),
    ] {
        assert_eq!(decide_at(now, &control, &TrialState::default()), expected, "{now}");
    }
}

#[test]
fn grace_from_expiration_ends_a_fixed_time_after_the_end() {
    let control = control(Expiration::Soft { from: GraceFrom::Expiration, grace: WEEK });
    let until = at(END).plus(WEEK);
    let warn = Decision::Warn { until, reason: Warning::GraceFromExpiration };
    for (now, expected) in [
        (END - 1, allow(1)),
        (END, warn),
        (END + 7 * DAY_SECONDS - 1, warn),
        (END + 7 * DAY_SECONDS, refuse(Refusal::GraceEnded(until))),
    ] {
        assert_eq!(decide_at(now, &control, &TrialState::default()), expected, "{now}");
        let warned = TrialState { first_warned_at: Some(at(END)), ..TrialState::default() };
        assert_eq!(decide_at(now, &control, &warned), expected, "a warning changes nothing: {now}");
    }
}

#[test]
fn grace_from_the_first_warning_begins_when_it_is_given() {
    let control = control(Expiration::Soft { from: GraceFrom::FirstWarning, grace: WEEK });
    let warn = |until| Decision::Warn { until, reason: Warning::GraceFromFirstWarning };
    let years = 3 * 365 * DAY_SECONDS;
    let warned_late = at(END + years).plus(WEEK);
    for (now, first_warned_at, expected) in [
        (END - 1, None, allow(1)),
        (END, None, warn(at(END).plus(WEEK))),
        (END + years, None, warn(warned_late)),
        (END + years + 1, Some(END + years), warn(warned_late)),
        (END + years + 7 * DAY_SECONDS - 1, Some(END + years), warn(warned_late)),
        (
            END + years + 7 * DAY_SECONDS,
            Some(END + years),
            refuse(Refusal::GraceEnded(warned_late)),
        ),
    ] {
        let state =
            TrialState { first_warned_at: first_warned_at.map(at), ..TrialState::default() };
        assert_eq!(decide_at(now, &control, &state), expected, "{now} {first_warned_at:?}");
    }
}

#[test]
fn an_impossible_first_warning_gains_nothing() {
    let control = control(Expiration::Soft { from: GraceFrom::FirstWarning, grace: WEEK });
    let now = END + DAY_SECONDS;
    for (first_warned_at, until) in [(0, at(END).plus(WEEK)), (now + 999, at(now).plus(WEEK))] {
        let state =
            TrialState { first_warned_at: Some(at(first_warned_at)), ..TrialState::default() };
        let expected = Decision::Warn { until, reason: Warning::GraceFromFirstWarning };
        assert_eq!(decide_at(now, &control, &state), expected);
    }
}

#[test]
fn a_license_without_an_end_is_allowed_for_good() {
    let mut control = control(Expiration::Hard {});
    control.ends_at = None;
    let decision = decide_at(END + 10_000 * DAY_SECONDS, &control, &TrialState::default());
    assert_eq!(decision, Decision::Allow { remaining: None });
    assert_eq!(decision.days_left(TrustedTime::vouch(at(END))), None);
}

#[test]
fn the_builder_license_comes_before_everything() {
    let mut control = control(Expiration::Hard {});
    control.ends_at = None;
    for (now, over) in [(END - 1, false), (END, true), (END + 1, true)] {
        let decision = decide(
            &control,
            &license(Some(at(END))),
            &version("1.0.0"),
            TrustedTime::vouch(at(now)),
            &TrialState::default(),
        );
        let expected = refuse(Refusal::BuilderLicenseExpired(at(END)));
        assert_eq!(decision == expected, over, "{now}");
    }
}

#[test]
fn an_application_can_ask_for_a_newer_builder() {
    let mut control = control(Expiration::Hard {});
    control.minimum_builder = Some(version("1.2.0+vendor"));
    for (builder, too_old) in [
        ("1.1.9", true),
        ("1.2.0-rc.1+z", true),
        ("1.2.0", false),
        ("1.10.0", false),
        ("2.0.0", false),
    ] {
        let now = TrustedTime::vouch(at(END - 1));
        let state = TrialState::default();
        let decision = decide(&control, &license(None), &version(builder), now, &state);
        assert_eq!(decision == refuse(Refusal::BuilderTooOld), too_old, "{builder}");
    }
}

#[test]
fn a_time_well_before_the_license_was_issued_is_refused() {
    let control = control(Expiration::Hard {});
    let issued = END - 30 * DAY_SECONDS;
    for (now, refused) in [
        (0, true),
        (issued - DAY_SECONDS - 1, true),
        (issued - DAY_SECONDS, false),
        (issued, false),
    ] {
        let decision = decide_at(now, &control, &TrialState::default());
        assert_eq!(decision == refuse(Refusal::ClockSetBack), refused, "{now}");
    }
}

#[test]
fn the_first_limit_reached_ends_the_trial() {
    let mut control = control(Expiration::Soft { from: GraceFrom::FirstWarning, grace: WEEK });
    control.limits = Limits { launches: Some(3), running: Some(Span::seconds(100)), days: Some(2) };
    let now = END - 1;
    let today = at(now).day_number();
    let state = |launches, running, days: &[i64]| TrialState {
        launches,
        running: Span::seconds(running),
        days: days.iter().copied().collect(),
        ..TrialState::default()
    };
    for (state, limit) in [
        (state(0, 0, &[]), None),
        (state(2, 99, &[today]), None),
        (state(2, 99, &[today - 1]), None),
        (state(2, 99, &[today - 1, today]), None),
        (state(3, 0, &[]), Some(Limit::Launches)),
        (state(u64::MAX, 0, &[]), Some(Limit::Launches)),
        (state(0, 100, &[]), Some(Limit::Running)),
        (state(0, 0, &[today - 2, today - 1]), Some(Limit::Days)),
        (state(3, 100, &[today - 2, today - 1]), Some(Limit::Launches)),
    ] {
        let expected = limit.map_or(allow(1), |limit| refuse(Refusal::LimitReached(limit)));
        assert_eq!(decide_at(now, &control, &state), expected, "{state:?}");
    }
}

#[test]
fn a_program_may_run_until_the_first_thing_ends_it() {
    let soft = |from| Expiration::Soft { from, grace: WEEK };
    let none = Limits::default();
    let day = END - END % DAY_SECONDS;
    let week = 7 * DAY_SECONDS;
    for (name, now, expiration, limits, state, seconds) in [
        ("hard", END - 10, Expiration::Hard {}, none, TrialState::default(), Some(10)),
        (
            "grace",
            END - 10,
            soft(GraceFrom::Expiration),
            none,
            TrialState::default(),
            Some(week + 10),
        ),
        (
            "in grace",
            END + 10,
            soft(GraceFrom::Expiration),
            none,
            TrialState::default(),
            Some(week - 10),
        ),
        (
            "warned",
            END + 100,
            soft(GraceFrom::FirstWarning),
            none,
            TrialState { first_warned_at: Some(at(END + 60)), ..TrialState::default() },
            Some(week - 40),
        ),
        (
            "running time",
            END - 1000,
            Expiration::Hard {},
            Limits { running: Some(Span::seconds(100)), ..none },
            TrialState { running: Span::seconds(30), ..TrialState::default() },
            Some(70),
        ),
        (
            "the last day",
            day - DAY_SECONDS + 100,
            soft(GraceFrom::Expiration),
            Limits { days: Some(2), ..none },
            TrialState { days: [day / DAY_SECONDS - 9].into(), ..TrialState::default() },
            Some(DAY_SECONDS - 100),
        ),
        (
            "the last day but one",
            day - DAY_SECONDS + 100,
            soft(GraceFrom::Expiration),
            Limits { days: Some(2), ..none },
            TrialState { days: [day / DAY_SECONDS - 1].into(), ..TrialState::default() },
            Some(2 * DAY_SECONDS - 100),
        ),
    ] {
        let mut control = control(expiration);
        control.limits = limits;
        let decision = decide_at(now, &control, &state);
        let now = TrustedTime::vouch(at(now));
        assert_eq!(may_run_for(&control, decision, now, &state), None, "{name}: it runs on");
        control.on_expiry = OnExpiry::Terminate;
        let span = may_run_for(&control, decision, now, &state);
        assert_eq!(span.map(|span| span.as_seconds().cast_signed()), seconds, "{name}");
    }
    let mut control = control(Expiration::Hard {});
    control.on_expiry = OnExpiry::Warn;
    control.ends_at = None;
    let now = TrustedTime::vouch(at(END));
    let allowed = Decision::Allow { remaining: None };
    assert_eq!(may_run_for(&control, allowed, now, &TrialState::default()), None, "no end");
}

#[test]
fn days_left_are_the_same_number_everywhere() {
    let control = control(Expiration::Soft { from: GraceFrom::Expiration, grace: WEEK });
    for (now, days) in [
        (END - 30 * DAY_SECONDS, 30),
        (END - 30 * DAY_SECONDS + 1, 30),
        (END - 29 * DAY_SECONDS, 29),
        (END - 1, 1),
        (END, 7),
        (END + 7 * DAY_SECONDS - 1, 1),
        (END + 7 * DAY_SECONDS, 0),
    ] {
        let decision = decide_at(now, &control, &TrialState::default());
        assert_eq!(decision.days_left(TrustedTime::vouch(at(now))), Some(days), "{now}");
    }
}

#[test]
fn dates_at_the_end_of_the_range_do_not_overflow() {
    let mut control =
        control(Expiration::Soft { from: GraceFrom::FirstWarning, grace: Span::seconds(u64::MAX) });
    let last = 253_402_300_799;
    control.ends_at = Some(at(last - 1));
    let decision = decide_at(last - 1, &control, &TrialState::default());
    assert!(matches!(decision, Decision::Warn { .. }), "{decision:?}");
    let decision = decide_at(last, &control, &TrialState::default());
    assert_eq!(decision, refuse(Refusal::GraceEnded(at(last))));
}

#[test]
fn a_license_is_over_when_no_state_could_allow_a_launch() {
    let hard = Expiration::Hard {};
    let from_end = Expiration::Soft { from: GraceFrom::Expiration, grace: WEEK };
    let from_warning = Expiration::Soft { from: GraceFrom::FirstWarning, grace: WEEK };
    let week_later = END + 7 * DAY_SECONDS;
    for (expiration, now, expected) in [
        (hard, END - 1, None),
        (hard, END, Some(Refusal::TrialExpired(at(END)))),
        (from_end, week_later - 1, None),
        (from_end, week_later, Some(Refusal::GraceEnded(at(week_later)))),
        (from_warning, 10 * END, None),
    ] {
        assert_eq!(over(Some(at(END)), expiration, at(now)), expected, "{expiration:?} {now}");
        assert_eq!(over(None, expiration, at(now)), None, "{expiration:?} without an end");
    }
}

#[test]
fn a_license_has_ended_from_its_end_on_whatever_grace_follows() {
    for (ends_at, now, expected) in [
        (Some(END), END - 1, false),
        (Some(END), END, true),
        (Some(END), END + 1, true),
        (None, END, false),
    ] {
        assert_eq!(has_ended(ends_at.map(at), at(now)), expected, "{ends_at:?} {now}");
    }
}

#[test]
fn a_first_warning_by_a_clock_ahead_does_not_put_the_grace_off() {
    let control = control(Expiration::Soft { from: GraceFrom::FirstWarning, grace: WEEK });
    let mut state = TrialState::default();
    for (now, first) in [(END + 365 * DAY_SECONDS, 365), (END + DAY_SECONDS, 1), (END, 0)] {
        state.warned(TrustedTime::vouch(at(now)));
        assert_eq!(state.first_warned_at, Some(at(END + first * DAY_SECONDS)));
    }
    state.warned(TrustedTime::vouch(at(END + 2 * DAY_SECONDS)));
    assert_eq!(state.first_warned_at, Some(at(END)), "the first one stays");
    let refused = refuse(Refusal::GraceEnded(at(END + 7 * DAY_SECONDS)));
    assert_eq!(decide_at(END + 7 * DAY_SECONDS, &control, &state), refused);
}

#[test]
fn what_a_clock_ahead_has_left_is_taken_back() {
    let control = control(Expiration::Soft { from: GraceFrom::FirstWarning, grace: WEEK });
    for (name, warned, now, expected) in [
        ("before the end there was no warning", Some(END + 900), END - 1, None),
        ("after it one was given by now", Some(END + 900), END, Some(END)),
        ("a true one stays", Some(END + 900), END + 901, Some(END + 900)),
        ("none stays none", None, END, None),
    ] {
        let mut state =
            TrialState { first_warned_at: warned.map(at), launches: 7, ..TrialState::default() };
        assert_eq!(state.lies_ahead_of(at(now)), warned.is_some_and(|at| at > now), "{name}");
        state.take_back(&control, at(now));
        assert_eq!((state.first_warned_at, state.launches), (expected.map(at), 7), "{name}");
        assert!(!state.lies_ahead_of(at(now)), "{name}");
    }
}

#[test]
fn days_ahead_become_as_many_days_until_now() {
    let control = control(Expiration::Hard {});
    let now = Instant::start_of_day(100);
    for (name, days, expected) in [
        ("nothing ahead", &[90, 100][..], &[90, 100][..]),
        ("one day", &[90, 465], &[90, 100]),
        ("today, and by a wrong clock as well", &[100, 465], &[100]),
        ("as many days of use by a wrong clock as there were", &[465, 466, 467], &[98, 99, 100]),
        ("of which some were counted", &[97, 98, 465, 466, 467], &[97, 98, 99, 100]),
    ] {
        let mut state = TrialState { days: days.iter().copied().collect(), ..Default::default() };
        assert_eq!(state.lies_ahead_of(now), days.contains(&465), "{name}");
        state.take_back(&control, now);
        assert!(state.days.iter().eq(expected), "{name}: {:?}", state.days);
    }
}

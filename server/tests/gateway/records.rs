//! What a gateway keeps of what its license server says of its records, and the licenses that it is told of.

use std::time::Duration;

use trybuy_formats::certificates::CertificateChain;
use trybuy_formats::ids::SeatLicenseId;
use trybuy_formats::instant::Span;
use trybuy_formats::licensing::records::{RecordsMark, RecordsStatement};
use trybuy_formats::primitives::EcdsaKey;
use trybuy_server::clock::Clock as _;

use crate::license_server::{ask, status, stranger};
use crate::support::company::{SERVER, Settings, beginning, issuer, issuer_from};
use crate::support::license_server::{mark, records};
use crate::support::{Company, Log, Pair, until};

#[tokio::test]
async fn a_license_server_with_fewer_records_is_told_of_all_licenses() {
    let company = Company::start().await;
    let clients: Vec<Pair> = (0..53).map(|_| company.licensed(|_| {})).collect();
    for client in &clients {
        assert_eq!(status(&company, client).await, 200);
        assert_eq!(status(&company, client).await, 200, "noted once");
    }
    company.license_server.looked_at().await;
    assert!(company.license_server.state.inner().reports.is_empty());
    company.license_server.state.inner().mark.records = 2;
    let state = company.license_server.state.clone();
    until("three reports", || state.inner().reports.len() == 3).await;
    company.license_server.looked_at().await;
    let inner = state.inner();
    let lengths: Vec<usize> = inner.reports.iter().map(|report| report.licenses.len()).collect();
    assert_eq!(lengths, [0, 50, 3], "what it said before, then all in pages, and once");
    let shown: Vec<u64> = inner.reports.iter().map(|report| records(report).records).collect();
    assert_eq!(shown, [5, 2, 2]);
    let mut told: Vec<&String> = inner.reports.iter().flat_map(|report| &report.licenses).collect();
    let leaf = |client: &Pair| {
        CertificateChain::from_pem(&client.certificate).expect("a chain").leaf().to_pem()
    };
    let mut shown: Vec<String> = clients.iter().map(leaf).collect();
    told.sort();
    shown.sort();
    assert!(told.into_iter().eq(&shown));
}

#[tokio::test]
async fn a_restored_license_server_is_told_of_all_licenses_whatever_its_records_and_then_of_new_ones()
 {
    let company = Company::start().await;
    let [early, late] = [company.licensed(|_| {}), company.licensed(|_| {})];
    assert_eq!(status(&company, &early).await, 200);
    company.license_server.looked_at().await;
    let state = company.license_server.state.clone();
    let reports = || state.told();
    state.inner().restored = true;
    until("a report", || reports().len() == 1).await;
    company.license_server.looked_at().await;
    assert_eq!(reports(), [1], "once");
    for client in [&early, &late, &late] {
        assert_eq!(status(&company, client).await, 200);
    }
    until("another report", || reports().len() == 2).await;
    company.license_server.looked_at().await;
    assert_eq!(reports(), [1, 1], "the late one");
    // Another backup is restored, after the first was accepted.
    state.inner().restored = false;
    company.license_server.looked_at().await;
    state.inner().restored = true;
    until("all again", || reports().len() == 3).await;
    assert_eq!(reports(), [1, 1, 2]);
}

#[tokio::test]
async fn one_that_was_accepted_is_told_of_all_licenses_once_and_then_of_new_ones() {
    let company = Company::start().await;
    let [early, late] = [company.licensed(|_| {}), company.licensed(|_| {})];
    assert_eq!(status(&company, &early).await, 200);
    company.license_server.looked_at().await;
    let state = company.license_server.state.clone();
    let reports = || state.told();
    // It was restored and accepted before this gateway looked at it again.
    {
        let mut inner = state.inner();
        (inner.mark.accepted_at, inner.mark.records) = (Some(beginning()), 2);
    }
    until("a report of all", || reports().contains(&1)).await;
    company.license_server.looked_at().await;
    assert_eq!(reports(), [0, 1], "what it said before, then all, once");
    assert_eq!(status(&company, &late).await, 200);
    until("a report of the late one", || reports().len() == 3).await;
    company.license_server.looked_at().await;
    assert_eq!(reports(), [0, 1, 1]);
    // One that is presented while it cannot be told is told with all of them later.
    state.inner().said = Some("nothing that can be read".to_owned());
    company.license_server.looked_at().await;
    assert_eq!(status(&company, &company.licensed(|_| {})).await, 200);
    for _ in 0..2 {
        company.license_server.looked_at().await;
    }
    state.inner().said = None;
    until("a report of all three", || reports().last() == Some(&3)).await;
    company.license_server.looked_at().await;
    assert_eq!(reports(), [0, 1, 1, 3]);
}

#[tokio::test]
async fn every_certificate_of_a_license_is_told_in_the_order_of_their_issue() {
    let company = Company::start().await;
    let license_id = SeatLicenseId::temporary();
    let issued = |seconds: u64| {
        company.licensed(|license| {
            license.license_id = license_id;
            license.issued_at = license.issued_at.minus(Span::seconds(seconds));
        })
    };
    let clients = [1, 3, 2].map(issued);
    for client in &clients {
        assert_eq!(status(&company, client).await, 200);
    }
    company.license_server.looked_at().await;
    let state = company.license_server.state.clone();
    state.inner().restored = true;
    until("a report", || !state.inner().reports.is_empty()).await;
    let leaf = |at: usize| {
        CertificateChain::from_pem(&clients[at].certificate).expect("a chain").leaf().to_pem()
    };
    assert_eq!(state.inner().reports[0].licenses, [1, 2, 0].map(leaf));
}

#[tokio::test]
async fn whoever_stands_between_cannot_make_a_gateway_forget_or_believe_what_was_not_said() {
    let company = Company::start().await;
    assert_eq!(status(&company, &company.licensed(|_| {})).await, 200);
    company.license_server.looked_at().await;
    let state = company.license_server.state.clone();
    let farther = RecordsMark { records: 1_000, ..state.inner().mark };
    let other = issuer(&company.authority, "other", EcdsaKey::generate().expect("a key"));
    let foreign = RecordsStatement::sign(&other, farther, true).expect("signed");
    for made_up in [foreign, "5".to_owned(), String::new()] {
        state.inner().said = Some(made_up);
        company.license_server.looked_at().await;
    }
    assert!(state.inner().reports.is_empty());
    // What it said long ago: it is shown what it said last, each time.
    {
        let mut inner = state.inner();
        let now = inner.mark;
        inner.mark.records = 2;
        inner.said = Some(inner.statement());
        inner.mark = now;
    }
    until("two reports", || state.inner().reports.len() >= 2).await;
    let inner = state.inner();
    for report in &inner.reports {
        assert_eq!((records(report).records, report.licenses.len()), (5, 0));
    }
}

/// What a gateway has kept of what the license server says of its records.
fn kept(company: &Company) -> String {
    std::fs::read_to_string(company.folder.path().join("gateway/records")).unwrap_or_default()
}

#[tokio::test]
async fn what_was_accepted_by_a_clock_that_was_ahead_is_kept_and_shown_like_everything_else() {
    let company = Company::start().await;
    company.license_server.looked_at().await;
    let state = company.license_server.state.clone();
    let ahead = company.clock.now().plus(Span::seconds(365 * 86_400));
    let before = state.inner().mark;
    let accepted = RecordsMark { accepted_at: Some(ahead), ..before };
    state.inner().mark = accepted;
    company.license_server.looked_at().await;
    assert_eq!(mark(&kept(&company)), accepted);
    // A backup of before that is restored.
    state.inner().mark = before;
    let is_shown = || state.inner().reports.iter().any(|report| records(report) == accepted);
    until("what it said last is shown", is_shown).await;
}

#[tokio::test]
async fn a_statement_that_was_damaged_is_told_of_once_by_its_file_and_replaced() {
    let mut company = Company::start().await;
    company.license_server.looked_at().await;
    let file = company.folder.path().join("gateway/records");
    let good = kept(&company);
    for damaged in [&b""[..], b"\xff\xfe", b"no statement", &good.as_bytes()[..good.len() - 3]] {
        std::fs::write(&file, damaged).expect("damaged");
        let log = Log::start();
        company = company.restart().await;
        company.license_server.looked_at().await;
        let lines = log.lines_with("this gateway does not notice that");
        assert_eq!(lines.len(), 1, "{damaged:?}: {lines:?}");
        assert!(lines[0].contains(file.to_str().expect("UTF-8")), "{lines:?}");
        assert!(kept(&company).starts_with("ey"), "another one");
    }
}

#[tokio::test]
async fn of_two_statements_that_say_the_same_the_one_that_lasts_longer_is_kept() {
    let company = Company::start().await;
    company.license_server.looked_at().await;
    let state = company.license_server.state.clone();
    let first = kept(&company);
    let key = EcdsaKey::generate().expect("a key");
    let renewed = issuer_from(&company.authority, SERVER, key, beginning());
    let later = RecordsStatement::sign(&renewed, state.inner().mark, false).expect("signed");
    for said in [&later, &first] {
        state.inner().said = Some(said.clone());
        company.license_server.looked_at().await;
        assert_eq!(kept(&company), later);
    }
}

#[tokio::test]
async fn only_a_license_server_itself_takes_back_how_far_its_records_went() {
    let company = Company::start().await;
    company.license_server.looked_at().await;
    let state = company.license_server.state.clone();
    let farthest = kept(&company);
    state.inner().said = {
        let inner = state.inner();
        let mark = RecordsMark { records: 2, ..inner.mark };
        Some(RecordsStatement::sign(&inner.issuer, mark, false).expect("signed"))
    };
    state.inner().called_restored = true;
    until("two reports", || state.inner().reports.len() >= 2).await;
    assert_eq!(kept(&company), farthest);
    // It is a restored one.
    {
        let mut inner = state.inner();
        (inner.said, inner.restored, inner.mark.records) = (None, true, 2);
    }
    until("what it says", || kept(&company) != farthest).await;
}

#[tokio::test]
async fn a_gateway_that_is_not_registered_asks_again_with_the_next_round_only() {
    let settings = Settings { round: Duration::from_hours(1), ..Settings::default() };
    let company = Company::with(settings).await;
    let state = company.license_server.state.clone();
    until("a first look", || state.asked("gateways/seen") == 1).await;
    state.inner().forgot_gateway = true;
    let company = company.restart().await;
    until("another look", || state.asked("gateways/seen") == 2).await;
    for _ in 0..3 {
        let answer = stranger(&company).await.answer(ask("upgrades", "something")).await;
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(state.asked("gateways/seen"), 2);
}

#[tokio::test]
async fn what_fails_beside_does_not_have_all_licenses_told_again() {
    let company = Company::start().await;
    assert_eq!(status(&company, &company.licensed(|_| {})).await, 200);
    company.license_server.looked_at().await;
    let state = company.license_server.state.clone();
    {
        let mut inner = state.inner();
        (inner.restored, inner.revocations) = (true, b"no list".to_vec());
    }
    until("a report", || !state.inner().reports.is_empty()).await;
    company.license_server.looked_at().await;
    assert_eq!(state.inner().reports.len(), 1);
}

#[tokio::test]
async fn what_a_license_server_says_of_its_records_is_kept_soon_after_it_decided_something() {
    let settings = Settings { round: Duration::from_hours(1), ..Settings::default() };
    let company = Company::with(settings).await;
    let kept = company.folder.path().join("gateway/records");
    let text = || std::fs::read_to_string(&kept).unwrap_or_default();
    until("a first look", || !text().is_empty()).await;
    let first = text();
    company.license_server.state.inner().mark.records = 6;
    let answer = stranger(&company).await.answer(ask("upgrades", "something")).await;
    assert_eq!(answer.status(), 200);
    until("another look", || text() != first).await;
}

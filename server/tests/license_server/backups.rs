//! A license server that was restored from a backup, and records that were tampered with: the real program.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::blocking::Client;
use serde_json::{Value, json};
use trybuy_server::license_server::Worker;
use trybuy_server::store::{DecisionOutcome, LicenseDecision, RecordsComparison};
use uuid::Uuid;

use crate::commands::installed;
use crate::support::{Program, TestServer};

fn database(program: &Program) -> PathBuf {
    program.data().join("trybuy.sqlite3")
}

/// Asks for a license with an image that is not known: one record, different from all others even within a second.
fn ask(client: &Client, url: &str) -> Value {
    let request = json!({
        "client_id": format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()),
        "software_id": "0200000100000001",
        "product_id": "com.example.desk",
        "version": "1.0.0",
        "features": [],
    });
    let sent = client.post(format!("{url}/license-requests")).json(&request).send();
    sent.expect("an answer").json().expect("JSON")
}

#[test]
fn a_restored_database_is_noticed_by_the_mark_beside_it() {
    let program = installed();
    let client = Client::builder().timeout(Duration::from_secs(20)).build().expect("a client");
    let serving = program.serve();
    assert_eq!(ask(&client, &serving.url)["type"], "/problems/client-image-unknown");
    serving.stop();
    let audit = program.done(&["license-server", "audit", "verify"]);
    assert_eq!(audit, "the one record is as it was written\n");
    let backup = std::fs::read(database(&program)).expect("read");
    let serving = program.serve();
    for _ in 0..3 {
        ask(&client, &serving.url);
    }
    serving.stop();
    let audit = program.json(&["license-server", "audit", "verify", "--json"]);
    assert_eq!((&audit["records"], &audit["fault"]), (&json!(4), &Value::Null));
    std::fs::write(database(&program), backup).expect("restored");
    let help = program.refused(&["license-server", "audit", "verify"], "state-damaged");
    assert!(
        help.contains("the records went up to number 4 at least, and end at number 1"),
        "{help}"
    );
    let serving = program.serve();
    let listed = program.done(&["license-server", "records", "list", "--outcome", "restored"]);
    assert!(listed.contains("fewer-records"), "{listed}");
    serving.stop();
    // As where a gateway found it, and there is no mark.
    let mark = program.data().join("license-server/records.mark");
    std::fs::rename(&mark, program.path("mark")).expect("put away");
    let said = program.refused(&["license-server", "audit", "verify"], "license-server-restored");
    assert!(said.contains("all 2 records are as they were written, but"), "{said}");
    let audit = program.run(&["license-server", "audit", "verify", "--json"]).stdout;
    let audit: Value = serde_json::from_str(&audit).expect("JSON");
    assert_eq!((&audit["restored"], &audit["fault"]), (&json!(true), &Value::Null));
    std::fs::rename(program.path("mark"), &mark).expect("put back");
    program.done(&["license-server", "restored", "accept"]);
    program.refused(&["license-server", "restored", "accept"], "usage");
    let audit = program.json(&["license-server", "audit", "verify", "--json"]);
    assert_eq!((&audit["records"], &audit["fault"]), (&json!(3), &Value::Null));
    assert_eq!(audit["restored"], false);
    program.serve().stop();
    let records = program.done(&["license-server", "records", "list", "--json"]);
    assert_eq!(records.lines().count(), 3, "it is not found to be restored again");
}

/// Each decision of five is waited for: at the pause of seconds between two looks that would take ten.
#[tokio::test]
async fn what_was_decided_is_soon_in_the_mark() {
    let test = TestServer::start().await;
    let server = &test.server;
    let worker = Worker::start(server.clone()).await.expect("started");
    let begin = Instant::now();
    for records in 1..=5 {
        let decision = LicenseDecision::of(DecisionOutcome::Refused, test.now());
        server.store.record_decision(server.secret(), decision).await.expect("recorded");
        while server
            .mark
            .read(server.secret())
            .await
            .expect("read")
            .is_none_or(|mark| mark.records < records)
        {
            assert!(begin.elapsed() < Duration::from_secs(5), "{records}");
            tokio::task::yield_now().await;
        }
    }
    worker.stop().await;
}

/// Several servers on one data directory, and commands beside them, keep one mark.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_keeps_the_mark_takes_the_records_of_others_for_no_restored_ones() {
    let test = TestServer::start().await;
    let keeping = (0..4).map(|_| {
        let server = test.server.clone();
        let now = test.now();
        tokio::spawn(async move {
            for _ in 0..50 {
                let decision = LicenseDecision::of(DecisionOutcome::Refused, now);
                server.store.record_decision(server.secret(), decision).await.expect("recorded");
                let kept = server.mark.look_back(&server.store, server.secret(), now).await;
                assert_eq!(kept.expect("kept"), RecordsComparison::GoOn);
            }
        })
    });
    let keeping: Vec<_> = keeping.collect();
    for kept in keeping {
        kept.await.expect("all of them went on");
    }
    let mark = test.server.mark.read(test.server.secret()).await.expect("read").expect("a mark");
    assert!(mark.records > 150, "{mark:?}");
}

#[test]
fn a_restored_database_that_has_as_many_records_again_is_noticed_too() {
    let program = installed();
    let client = Client::builder().timeout(Duration::from_secs(20)).build().expect("a client");
    let serving = program.serve();
    ask(&client, &serving.url);
    serving.stop();
    let backup = std::fs::read(database(&program)).expect("read");
    let mark = program.data().join("license-server/records.mark");
    let before = std::fs::read(&mark).expect("a mark");
    for records in [1, 3] {
        // A server that runs on the restored database without the mark adds records of its own.
        let serving = program.serve();
        for _ in 0..records {
            ask(&client, &serving.url);
        }
        serving.stop();
        if records == 1 {
            let other = std::fs::read(&mark).expect("a mark");
            std::fs::write(database(&program), &backup).expect("restored");
            std::fs::write(&mark, &before).expect("restored");
            std::fs::write(program.path("mark"), other).expect("kept");
        }
    }
    std::fs::copy(program.path("mark"), &mark).expect("put back");
    program.refused(&["license-server", "audit", "verify"], "state-damaged");
    program.serve().stop();
    let listed = program.done(&["license-server", "records", "list", "--outcome", "restored"]);
    assert!(listed.contains("other-records"), "{listed}");
}

//! Granted trials that follow a change of their policy.

use reqwest::Method;
use serde_json::json;
use trybuy_formats::api::{TrialAnswer, TrialsAnswer};
use trybuy_formats::control::ControlInformation;
use trybuy_formats::ids::TrialId;
use trybuy_formats::instant::Span;
use trybuy_formats::policy::{Expiration, GraceFrom, Layout, Limits, OnExpiry, TrialPolicy};
use trybuy_formats::slug::Slug;

use crate::support::{
    APPLICATION, Answer, DAY, ReleaseMaker, TestBuilder, TestServer, TestVendor, policy,
    program_bytes,
};

fn days(days: u64) -> TrialPolicy {
    TrialPolicy { duration: Span::seconds(days * DAY), ..policy() }
}

/// Another one in everything that a head says.
fn changed() -> TrialPolicy {
    let grace = Span::seconds(7 * DAY);
    TrialPolicy {
        expiration: Expiration::Soft { from: GraceFrom::FirstWarning, grace },
        limits: Limits { launches: Some(5), ..Limits::default() },
        on_expiry: OnExpiry::Warn,
        layout: Layout::Leading,
        ..days(20)
    }
}

/// Everybody's policy is changed, and trials that have begun follow. Answers how many.
async fn change_all(server: &TestServer, policy: TrialPolicy) -> u64 {
    let vendor = TestVendor::of(server).await;
    let change = vendor.set_policy("application", policy).await;
    vendor.follow(change).await
}

async fn shown(server: &TestServer, builder: &TestBuilder, trial: TrialId) -> TrialAnswer {
    builder.send_empty(server, Method::GET, &format!("/api/v1/trials/{trial}")).await.json(200)
}

async fn get(server: &TestServer, url: &str, fields: &[(&str, &str)]) -> Answer {
    let request = server.client.get(url);
    Answer::of(fields.iter().fold(request, |request, (name, value)| request.header(*name, *value)))
        .await
}

#[tokio::test]
async fn a_change_reaches_a_trial_as_the_next_head() {
    for layout in [Layout::Leading, Layout::Dispersed] {
        let server = TestServer::publishing(TrialPolicy { layout, ..policy() }).await;
        let builder = TestBuilder::register(&server, 0).await;
        let before = builder.try_it(&server).await;
        let old = get(&server, &before.download_url, &[]).await.body;
        server.pass(DAY);
        assert_eq!(change_all(&server, changed()).await, 1);
        let after = shown(&server, &builder, before.trial.id).await;
        let end = before.trial.started_at.plus(changed().duration);
        assert_eq!((after.trial.ends_at, after.trial.head_number), (Some(end), 2));
        assert_ne!(after.etag, before.etag);
        let new = get(&server, &after.download_url, &[("If-Match", &after.etag)]).await;
        assert_eq!((new.status, new.header("etag")), (200, after.etag.as_str()));
        let ControlInformation { head_number, ends_at, expiration, limits, on_expiry, .. } =
            builder.control(new.body.clone());
        assert_eq!((head_number, ends_at), (2, Some(end)));
        let TrialPolicy { expiration: wanted, limits: most, on_expiry: then, .. } = changed();
        assert_eq!((expiration, limits, on_expiry), (wanted, most, then));
        let control = builder.control(new.body.clone());
        assert_eq!((control.layout, control.issued_at), (layout, server.now()));
        assert_eq!(control.trial_id, before.trial.id);
        assert!(builder.decode(new.body.clone(), server.now()) == program_bytes(300_000, 1));

        // A download that began before goes on with nothing of the new file.
        let stale = [("If-Match", before.etag.as_str())];
        assert_eq!(get(&server, &before.download_url, &stale).await.status, 412);
        let resumed = [("Range", "bytes=1000-"), ("If-Range", before.etag.as_str())];
        let resumed = get(&server, &before.download_url, &resumed).await;
        assert!(resumed.status == 200 && resumed.body == new.body);
        let resumed = [("Range", "bytes=1000-"), ("If-Range", after.etag.as_str())];
        let resumed = get(&server, &before.download_url, &resumed).await;
        assert!(resumed.status == 206 && resumed.body == new.body[1000..]);
        if layout == Layout::Leading {
            // TF-7: the same body behind another head.
            let (head, longer) = (before.head_length as usize, after.head_length as usize);
            assert!(old[head..] == new.body[longer..]);
        }
    }
}

#[tokio::test]
async fn an_end_that_has_passed_already_is_now() {
    let grace = Span::seconds(7 * DAY);
    let soft = Expiration::Soft { from: GraceFrom::Expiration, grace };
    let server = TestServer::publishing(policy()).await;
    let builder = TestBuilder::register(&server, 0).await;
    let trial = builder.try_it(&server).await.trial;
    server.pass(5 * DAY);
    let change = TrialPolicy { expiration: soft, ..days(3) };
    assert_eq!(change_all(&server, change).await, 1);
    let ended = server.now();
    assert_eq!(shown(&server, &builder, trial.id).await.trial.ends_at, Some(ended));
    // In its grace, a shorter one still leaves the end where it is.
    server.pass(DAY);
    assert_eq!(change_all(&server, TrialPolicy { expiration: soft, ..days(2) }).await, 1);
    assert_eq!(shown(&server, &builder, trial.id).await.trial.ends_at, Some(ended));
    assert_eq!(change_all(&server, TrialPolicy { expiration: soft, ..days(2) }).await, 0);
}

#[tokio::test]
async fn a_head_that_is_due_comes_with_every_contact() {
    for way in ["show", "ask", "file", "head", "list"] {
        let server = TestServer::with_sketch().await;
        let builder = TestBuilder::register(&server, 0).await;
        let trial = builder.try_it(&server).await;
        assert_eq!(change_all(&server, changed()).await, 1);
        let head_url = format!("{}/head", trial.download_url);
        let etag = match way {
            "show" => shown(&server, &builder, trial.trial.id).await.etag,
            "ask" => builder.ask(&server, None).await.json::<TrialAnswer>(200).etag,
            "file" => get(&server, &trial.download_url, &[]).await.header("etag").to_owned(),
            "head" => get(&server, &head_url, &[]).await.header("etag").to_owned(),
            _ => {
                let listed = builder.send_empty(&server, Method::GET, "/api/v1/trials").await;
                let [listed] = listed.json::<TrialsAnswer>(200).trials.try_into().expect("one");
                assert_eq!(listed.head_number, 2, "it says that there is another one");
                continue;
            }
        };
        assert_ne!(etag, trial.etag, "{way}");
        let file = get(&server, &trial.download_url, &[("If-Match", &etag)]).await;
        assert_eq!(file.status, 200, "{way}");
        assert_eq!(builder.control(file.body.clone()).head_number, 2, "{way}");
        let head = get(&server, &head_url, &[("If-Match", &etag)]).await;
        assert!(head.status == 200 && file.body.starts_with(&head.body), "{way}");
    }
}

#[tokio::test]
async fn contacts_at_the_same_time_make_one_head() {
    let server = TestServer::with_sketch().await;
    let builder = TestBuilder::register(&server, 0).await;
    let trial = builder.try_it(&server).await;
    assert_eq!(change_all(&server, changed()).await, 1);
    let contact = || get(&server, &trial.download_url, &[]);
    let answers: [Answer; 4] = tokio::join!(contact(), contact(), contact(), contact()).into();
    let after = shown(&server, &builder, trial.trial.id).await;
    assert_eq!(after.trial.head_number, 2);
    for answer in answers {
        assert_eq!(answer.header("etag"), after.etag);
        assert!(answer.body == get(&server, &after.download_url, &[]).await.body);
        assert!(builder.decode(answer.body, server.now()) == program_bytes(300_000, 1));
    }
}

#[tokio::test]
async fn a_change_is_for_those_whose_policy_it_is() {
    let server = TestServer::with_sketch().await;
    let vendor = TestVendor::of(&server).await;
    vendor.class("education", 5, &["@example.edu"]).await;
    vendor.class("staff", 9, &["@example.edu", "@example.com"]).await;
    let ada = TestBuilder::register_as(&server, 0, "Ada+x@example.edu").await;
    let bob = TestBuilder::register_as(&server, 1, "bob@example.com").await;
    let (adas, bobs) = (ada.try_it(&server).await.trial, bob.try_it(&server).await.trial);
    // For whom, to how many days, how many follow; then how long the two trials last.
    let cases = [
        ("application", None, 0, 10, 10),
        ("application", Some(20), 2, 20, 20),
        ("class:education", Some(30), 1, 30, 20),
        ("class:staff", Some(31), 1, 30, 31),
        ("application", Some(40), 0, 30, 31),
        ("class:education", None, 1, 31, 31),
        ("ADA+y@example.edu", Some(50), 1, 50, 31),
        ("class:staff", Some(60), 1, 50, 60),
        ("class:education", Some(61), 0, 50, 60),
        ("ada@example.edu", None, 1, 61, 60),
        ("class:staff", None, 1, 61, 40),
    ];
    // It is not applied to anybody who is not asked for.
    vendor.set_policy("application", days(15)).await;
    vendor.set_policy("application", days(10)).await;
    for (scope, wanted, followed, ada_days, bob_days) in cases {
        let change = match (wanted, scope) {
            (Some(wanted), _) => vendor.set_policy(scope, days(wanted)).await,
            (None, "application") => vendor.set_policy(scope, days(10)).await,
            (None, _) => vendor.remove_policy(scope).await,
        };
        assert_eq!(vendor.follow(change).await, followed, "{scope} {wanted:?}");
        assert_eq!(vendor.follow(change).await, 0, "it has been done");
        for (builder, trial, length) in [(&ada, &adas, ada_days), (&bob, &bobs, bob_days)] {
            let now = shown(&server, builder, trial.id).await.trial;
            let end = trial.started_at.plus(days(length).duration);
            assert_eq!(now.ends_at, Some(end), "{scope} {wanted:?}");
        }
    }
}

#[tokio::test]
async fn what_a_change_leaves_alone() {
    /// What happens before the change, whose policy, how many trials follow.
    struct Left {
        granted: TrialPolicy,
        passed: u64,
        stored: &'static str,
        wanted: TrialPolicy,
        followed: u64,
    }
    let by_hand = "UPDATE trials SET ends_at = started_at + 864000 * 3, \
        extended_to = started_at + 864000 * 3";
    let bought = "UPDATE trials SET kind = 'purchase', ends_at = NULL";
    let nothing = "UPDATE trials SET counted = 1";
    let soft = |from| {
        let expiration = Expiration::Soft { from, grace: Span::seconds(DAY) };
        TrialPolicy { expiration, ..policy() }
    };
    let cases = [
        Left { granted: policy(), passed: 9, stored: nothing, wanted: days(20), followed: 1 },
        Left { granted: policy(), passed: 9, stored: nothing, wanted: policy(), followed: 0 },
        Left { granted: policy(), passed: 9, stored: bought, wanted: days(20), followed: 0 },
        // It gets the rest of the policy, and keeps its end.
        Left { granted: policy(), passed: 9, stored: by_hand, wanted: days(5), followed: 1 },
        // It is over and stays over, or it goes on.
        Left { granted: policy(), passed: 10, stored: nothing, wanted: days(9), followed: 0 },
        Left { granted: policy(), passed: 12, stored: nothing, wanted: days(12), followed: 0 },
        Left { granted: policy(), passed: 12, stored: nothing, wanted: days(13), followed: 1 },
        Left {
            granted: soft(GraceFrom::Expiration),
            passed: 11,
            stored: nothing,
            wanted: days(11),
            followed: 0,
        },
        // Nobody but the Builder knows whether its grace is over.
        Left {
            granted: soft(GraceFrom::FirstWarning),
            passed: 99,
            stored: nothing,
            wanted: days(11),
            followed: 1,
        },
    ];
    for (number, Left { granted, passed, stored, wanted, followed }) in
        cases.into_iter().enumerate()
    {
        let server = TestServer::publishing(granted).await;
        let builder = TestBuilder::register(&server, 0).await;
        let trial = builder.try_it(&server).await.trial;
        server.execute(stored).await;
        server.pass(passed * DAY);
        assert_eq!(change_all(&server, wanted).await, followed, "{number}");
        if stored == by_hand {
            let end = trial.started_at.plus(days(30).duration);
            let now = shown(&server, &builder, trial.id).await;
            assert_eq!((now.trial.ends_at, now.trial.head_number), (Some(end), 2));
        }
    }
}

#[tokio::test]
async fn a_change_is_that_of_the_application() {
    let server = TestServer::with_sketch().await;
    let vendor = TestVendor::of(&server).await;
    let builder = TestBuilder::register(&server, 0).await;
    let before = builder.try_it(&server).await;
    let other =
        ReleaseMaker { application: "com.example.other".to_owned(), ..ReleaseMaker::new(&server) };
    server.publish(&server.token("Vendor").await, &other, Some(policy())).await;
    let change = vendor.set_policy("application", days(20)).await;
    let path = "applications/com.example.other/existing-trials";
    let elsewhere = vendor.send(Method::POST, path, Some(&json!({ "change": change }))).await;
    elsewhere.refused(404, Slug::NotFound, None);
    let path = format!("applications/{APPLICATION}/existing-trials");
    let unknown = json!({ "change": TrialId::new() });
    let unknown = vendor.send(Method::POST, &path, Some(&unknown)).await;
    unknown.refused(404, Slug::NotFound, None);
    let after = shown(&server, &builder, before.trial.id).await;
    assert_eq!(after.etag, before.etag, "nothing was changed");
}

#[tokio::test]
async fn many_trials_follow_page_by_page() {
    let server = TestServer::with_sketch().await;
    TestBuilder::register(&server, 0).await.try_it(&server).await;
    let columns = "application, licensee_id, license_id, release_id, platform, kind, started_at, \
        ends_at, requested_at, policy, terms_digest, acceptance, head_number, head_etag, head";
    let many = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 400) \
         INSERT INTO trials (id, ordinal, {columns}) \
         SELECT printf('0198a7c0-0000-7000-8000-%012d', n), n, {columns} \
         FROM numbers CROSS JOIN trials"
    );
    server.execute(many.leak()).await;
    assert_eq!(change_all(&server, changed()).await, 400);
    assert_eq!(change_all(&server, changed()).await, 0);
}

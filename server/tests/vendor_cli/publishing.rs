//! `publish` towards servers of every mood.

use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::server_format;

use crate::fixture::{
    self, App, MANIFEST, Outcome, TOKEN, manifest_argument, policy, policy_answer, publish_answer,
    run, server_info, vendor, vendor_at,
};
use crate::small_server::{Reply, Request, SmallServer};

const RELEASE: &str =
    "PUT /api/v1/vendor/applications/com.example.sketch/releases/1.4.0/x86_64-linux";
const POLICY: &str = "GET /api/v1/vendor/applications/com.example.sketch/policies";
const SERVER: &str = "GET /api/v1/server";

/// A server without applications, which does with a release what `upload` says.
fn server(mut upload: impl FnMut(&Request) -> Reply + Send + 'static) -> SmallServer {
    SmallServer::start(move |request| match request.line().as_str() {
        SERVER => Reply::json(200, &server_info()),
        POLICY => Reply::problem(404, "not-found", "There is no such application."),
        RELEASE => upload(request),
        other => Reply::problem(400, "bad-request", other),
    })
}

fn publish(app: &App, server: &SmallServer) -> Outcome {
    run(&mut vendor_at(&server.url(), &["publish", manifest_argument(&app.path("trybuy.toml"))]))
}

fn created() -> Reply {
    Reply::json(201, &publish_answer(true, policy()))
}

#[test]
fn a_release_is_uploaded_with_token_length_and_policy() {
    let server = server(|_| created());
    let outcome = publish(&App::new(), &server);
    assert_eq!(outcome.stderr, "");
    assert_eq!(
        outcome.stdout,
        "created    com.example.sketch: 30 days, then 7 days of grace from the first warning; \
         at most 50 launches, 20 hours of running and 14 days of use\n\
         published  com.example.sketch 1.4.0 for x86_64-linux: 1.50 KiB, program 2.00 KiB\n"
    );
    assert_eq!(outcome.code, Some(0));
    assert_eq!(server.lines(), [SERVER, POLICY, RELEASE]);
    let [info, _, upload] = server.requests().try_into().unwrap();
    assert_eq!(info.header("authorization"), None, "the first request needs no token");
    assert_eq!(upload.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!(upload.header("content-length"), Some(upload.body.len().to_string().as_str()));
    assert_eq!(upload.header("transfer-encoding"), None);
    let sent: TrialPolicy = serde_json::from_str(upload.header("trial-policy").unwrap()).unwrap();
    assert_eq!(sent, policy());
    let manifest = server_format::check(&upload.body).unwrap();
    assert_eq!(manifest.server_public_key, fixture::server_key());
}

#[test]
fn what_is_there_already_is_said_to_be_unchanged() {
    let server = server(|_| Reply::json(200, &publish_answer(false, policy())));
    let outcome = publish(&App::new(), &server);
    assert_eq!(
        outcome.stdout,
        "unchanged  com.example.sketch 1.4.0 for x86_64-linux, published 2026-12-22T10:00:00Z\n"
    );
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
}

#[test]
fn another_policy_on_the_server_is_warned_of_with_the_command_that_applies_it() {
    let on_server = TrialPolicy { trials: 1, ..policy() };
    let server = server(move |_| Reply::json(200, &publish_answer(false, on_server)));
    let app = App::new();
    let outcome = publish(&app, &server);
    assert_eq!(outcome.code, Some(0));
    let expected = format!(
        "warning: the policy of com.example.sketch on the server is not that of the manifest\n  \
         trials      1 per licensee → 2 per licensee\n\
         help: to apply the manifest's, run: trybuy-vendor --server {} policy set \
         com.example.sketch --from trybuy.toml\n",
        server.url()
    );
    assert_eq!(app.clean(&outcome.stderr), expected);
}

#[test]
fn an_upload_that_breaks_off_is_tried_again() {
    let mut attempts = 0;
    let server = server(move |_| {
        attempts += 1;
        if attempts < 3 { Reply::CutOff(100_000) } else { created() }
    });
    let app = App::new();
    app.write("bin/sketch", fixture::elf(62, &fixture::noise(3_000_000)));
    let outcome = publish(&app, &server);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("attempt 2 of 3") && outcome.stderr.contains("attempt 3 of 3"));
    assert_eq!(server.lines(), [SERVER, POLICY, RELEASE, RELEASE, RELEASE]);
    let last = server.requests().pop().unwrap();
    assert!(server_format::check(&last.body).is_ok(), "the last attempt sends all of it again");
}

#[test]
fn a_connection_that_keeps_breaking_is_given_up_with_a_way_on() {
    let server = server(|_| Reply::CutOff(0));
    let outcome = publish(&App::new(), &server);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("error[server-unreachable]: the upload was interrupted: "));
    assert!(outcome.stderr.ends_with(
        "help: run the command again: releases that are on the server already are left as they \
         are\n"
    ));
    assert_eq!(server.lines().len(), 5);
}

#[test]
fn a_refusal_before_the_end_of_the_upload_is_heard() {
    let server = server(|_| {
        let refusal = Reply::problem(409, "release-exists", "1.4.0 has been published before.");
        Reply::Early(Box::new(refusal))
    });
    let app = App::new();
    app.write("bin/sketch", fixture::elf(62, &vec![7; 30_000_000]));
    let manifest =
        MANIFEST.replace("kind = \"native\"", "kind = \"native\"\ncompression = \"none\"");
    app.write("trybuy.toml", manifest);
    let outcome = publish(&app, &server);
    assert_eq!(outcome.code, Some(1));
    assert_eq!(
        outcome.stderr,
        "error[release-exists]: 1.4.0 has been published before.\n\
         help: raise `version` in the manifest: a release never changes\n"
    );
    assert_eq!(server.lines(), [SERVER, POLICY, RELEASE], "a refusal is not tried again");
}

#[test]
fn a_wrong_token_is_refused_before_anything_is_packaged() {
    let server = SmallServer::start(|request| match request.line().as_str() {
        SERVER => Reply::json(200, &server_info()),
        _ => Reply::problem(401, "unauthorized", "There is no such token."),
    });
    let outcome = publish(&App::new(), &server);
    assert_eq!(
        outcome.stderr,
        "error[unauthorized]: There is no such token.\n\
         help: check the token; the server's operator makes one with `trybuy-server token create`\n"
    );
    assert_eq!(outcome.code, Some(1));
    assert_eq!(server.lines(), [SERVER, POLICY]);
}

#[test]
fn a_server_that_contradicts_itself_gets_nothing() {
    let server = SmallServer::start(|_| {
        let mut info = server_info();
        info.key_id = trybuy_formats::keys::key_id(b"another key");
        Reply::json(200, &info)
    });
    let outcome = publish(&App::new(), &server);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.starts_with("error[server-error]: the server's public key"));
    assert_eq!(server.lines(), [SERVER]);
}

#[test]
fn the_second_program_is_published_although_the_first_is_there() {
    let second = "\n[[program]]\nplatform = \"aarch64-linux\"\nkind = \"native\"\npath = \"arm\"\n";
    let app = App::with_manifest(&format!("{MANIFEST}{second}"));
    app.write("arm", fixture::elf(183, b"arm"));
    let server = SmallServer::start(|request| match request.line().as_str() {
        SERVER => Reply::json(200, &server_info()),
        POLICY => Reply::json(200, &policy_answer(policy())),
        RELEASE => Reply::json(200, &publish_answer(false, policy())),
        _ => {
            let mut answer = publish_answer(false, policy());
            answer.release = fixture::release("aarch64-linux");
            Reply::json(201, &answer)
        }
    });
    let outcome = publish(&app, &server);
    assert_eq!(
        outcome.stdout,
        "unchanged  com.example.sketch 1.4.0 for x86_64-linux, published 2026-12-22T10:00:00Z\n\
         published  com.example.sketch 1.4.0 for aarch64-linux: 1.50 KiB, program 2.00 KiB\n"
    );
    assert_eq!(outcome.code, Some(0));
}

#[test]
fn a_folder_for_temporary_files_that_is_missing_is_named() {
    let server = server(|_| created());
    let app = App::new();
    let mut command =
        vendor_at(&server.url(), &["publish", manifest_argument(&app.path("trybuy.toml"))]);
    let outcome = run(command.env("TMPDIR", app.path("nowhere")));
    assert_eq!(
        app.clean(&outcome.stderr),
        "error[local-file]: no temporary file can be written in nowhere: No such file or directory \
         (os error 2)\nhelp: set TMPDIR to a folder that can be written\n"
    );
    assert_eq!(outcome.code, Some(1));
}

#[test]
fn a_dry_run_needs_no_server() {
    let app = App::new();
    let path = app.path("trybuy.toml");
    let outcome = run(&mut vendor(&["publish", manifest_argument(&path), "--dry-run"]));
    assert_eq!(outcome.stderr, "");
    assert_eq!(
        app.clean(&outcome.stdout),
        "com.example.sketch 1.4.0 (Sketch)\n  \
         trial         30 days, then 7 days of grace from the first warning; at most 50 launches, \
         20 hours of running and 14 days of use\n  \
         trials        2 per licensee\n  \
         acceptance    explicit (the user types a name)\n  \
         layout        dispersed (control information inside the program's parts)\n  \
         documentation guide.md (9 B)\n  \
         terms         TERMS.md (9 B)\n  \
         relicensing   RELICENSING.md (12 B)\n  \
         program       bin/sketch for x86_64-linux (131 B, zstd)\n\
         The manifest is right. Nothing was published: this was a dry run.\n"
    );
    assert_eq!(outcome.code, Some(0));
}

//! The command line itself: help, wrong use, and where server and token come from.

use std::fs;

use crate::fixture::{self, App, Outcome, TOKEN, run, vendor};
use crate::small_server::{Reply, SmallServer};

fn releases() -> SmallServer {
    SmallServer::start(|_| Reply::json(200, &serde_json::json!({ "releases": [] })))
}

fn error(outcome: &Outcome) -> (Option<i32>, &str) {
    (outcome.code, outcome.stderr.as_str())
}

#[test]
fn help_names_every_command() {
    let outcome = run(&mut vendor(&["--help"]));
    insta::assert_snapshot!("help", outcome.stdout);
    assert_eq!(error(&outcome), (Some(0), ""));
    for (name, arguments) in [
        ("help_publish", ["publish", "--help"].as_slice()),
        ("help_policy", ["policy", "--help"].as_slice()),
        ("help_policy_show", ["policy", "show", "--help"].as_slice()),
        ("help_policy_set", ["policy", "set", "--help"].as_slice()),
        ("help_policy_remove", ["policy", "remove", "--help"].as_slice()),
        ("help_policy_history", ["policy", "history", "--help"].as_slice()),
        ("help_profile", ["profile", "--help"].as_slice()),
        ("help_profile_list", ["profile", "list", "--help"].as_slice()),
        ("help_profile_set", ["profile", "set", "--help"].as_slice()),
        ("help_profile_remove", ["profile", "remove", "--help"].as_slice()),
        ("help_class", ["class", "--help"].as_slice()),
        ("help_class_list", ["class", "list", "--help"].as_slice()),
        ("help_class_create", ["class", "create", "--help"].as_slice()),
        ("help_class_remove", ["class", "remove", "--help"].as_slice()),
        ("help_class_add", ["class", "add", "--help"].as_slice()),
        ("help_class_drop", ["class", "drop", "--help"].as_slice()),
        ("help_key_create", ["key", "create", "--help"].as_slice()),
        ("help_grant", ["grant", "--help"].as_slice()),
        ("help_requests", ["requests", "--help"].as_slice()),
        ("help_webhook", ["webhook", "--help"].as_slice()),
        ("help_webhook_add", ["webhook", "add", "--help"].as_slice()),
        ("help_webhook_deliveries", ["webhook", "deliveries", "--help"].as_slice()),
    ] {
        insta::assert_snapshot!(name, run(&mut vendor(arguments)).stdout);
    }
}

#[test]
fn help_never_shows_a_token() {
    let mut command = vendor(&["--help"]);
    // `run` looks for the token in everything that is printed.
    run(command.env("TRYBUY_TOKEN", TOKEN));
    run(&mut vendor(&["releases", "--token", TOKEN, "--nonsense"]));
    run(&mut vendor(&["releases", "--token", &format!("{TOKEN} bad")]));
}

#[test]
fn a_wrong_command_line_ends_with_two() {
    let cases: [(&[&str], &str); 18] = [
        (&["publsh"], "error[usage]: unrecognized subcommand 'publsh'"),
        (
            &["releases", "Sketch"],
            "error[usage]: invalid value 'Sketch' for '[APPLICATION]': not an",
        ),
        (
            &["policy", "set", "com.example.sketch"],
            "error[usage]: nothing was named that is to change",
        ),
        (
            &["policy", "set", "com.example.sketch", "--duration", "30"],
            "error[usage]: invalid value '30' for '--duration <DURATION>': not a duration such as",
        ),
        (
            &["policy", "set", "com.example.sketch", "--max-launches", "0"],
            "error[usage]: invalid value '0' for '--max-launches <NUMBER>': not a number from 1",
        ),
        (
            &["policy", "set", "com.example.sketch", "--trials", "-1"],
            "error[usage]: invalid value '-1' for '--trials <NUMBER>': not a number from 1 to 10\n",
        ),
        (
            &["policy", "set", "com.example.sketch", "--trials", "abc"],
            "error[usage]: invalid value 'abc' for '--trials <NUMBER>': not a number from 1 to 10\n",
        ),
        (
            &["profile", "set", "short", "--max-running", "36526d"],
            "error[usage]: invalid value '36526d' for '--max-running <DURATION>': not a duration such \
             as 20h from 1s to 36525d, and not `none`\n\nhelp: see `trybuy-vendor profile set --help`\n",
        ),
        (
            &["policy", "set", "com.example.sketch", "--duration", "-5d"],
            "error[usage]: invalid value '-5d' for '--duration <DURATION>': not a duration such as",
        ),
        (
            &["key", "create", "com.example.sketch", "--count", "-1"],
            "error[usage]: invalid value '-1' for '--count <NUMBER>': not a number from 1 to 1000\n",
        ),
        (
            &["policy", "set", "com.example.sketch", "--from", "trybuy.toml", "--trials", "1"],
            "error[usage]: the argument '--from <MANIFEST>' cannot be used with",
        ),
        (
            &["policy", "set", "com.example.sketch", "--profile", "short", "--trials", "1"],
            "error[usage]: the argument '--profile <NAME>' cannot be used with",
        ),
        (
            &["policy", "remove", "com.example.sketch", "--class", "a", "--licensee", "a@b.c"],
            "error[usage]: the argument '--class <NAME>' cannot be used with",
        ),
        (
            &["policy", "show", "com.example.sketch", "--licensee", "@example.edu"],
            "error[usage]: invalid value '@example.edu' for '--licensee <LICENSEE>': a domain is a \
             member of a class, and no licensee",
        ),
        (
            &["policy", "show", "com.example.sketch", "--licensee", "ada"],
            "error[usage]: invalid value 'ada' for '--licensee <LICENSEE>': not a licensee id, and \
             not an e-mail address",
        ),
        (
            &["class", "add", "education", "example.edu"],
            "error[usage]: invalid value 'example.edu' for '<MEMBERS>...': not a licensee id, an",
        ),
        (
            &["policy", "remove", "com.example.sketch"],
            "error[usage]: the application's own policy can be changed, not removed\nhelp: name whose",
        ),
        (&["profile", "set", "short"], "error[usage]: nothing was named that is to change"),
    ];
    for (arguments, expected) in cases {
        let outcome = run(&mut vendor(arguments));
        assert_eq!(outcome.code, Some(2), "{arguments:?}");
        assert!(outcome.stderr.starts_with(expected), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn a_missing_server_or_token_is_told_with_how_to_give_it() {
    let outcome = run(&mut vendor(&["releases"]));
    let help = "help: add `--server URL`, or set TRYBUY_SERVER\n";
    assert_eq!(
        error(&outcome),
        (Some(2), format!("error[usage]: no server was named\n{help}").as_str())
    );
    let outcome = run(&mut vendor(&["releases", "--server", "http://127.0.0.1:1"]));
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.starts_with("error[unauthorized]: no token was given\nhelp: ask the"));
}

#[test]
fn a_token_is_not_sent_unencrypted_to_another_machine() {
    let outcome =
        run(vendor(&["releases", "--server", "http://192.0.2.1"]).env("TRYBUY_TOKEN", TOKEN));
    assert_eq!(
        error(&outcome),
        (
            Some(2),
            "error[usage]: http://192.0.2.1 is not encrypted, and the token would be readable on \
             its way\nhelp: use https, or add `--insecure-http` if the network between is trusted\n"
        )
    );
}

#[test]
fn the_command_line_goes_before_the_environment() {
    let server = releases();
    let app = App::new();
    app.write("token", "from-a-file\n");
    let file = app.path("token");
    let sent = |arguments: &[&str]| {
        let mut command = vendor(&["releases", "--server", &server.url()]);
        command
            .args(arguments)
            .env("TRYBUY_TOKEN", TOKEN)
            .env("TRYBUY_SERVER", "http://127.0.0.1:1");
        assert_eq!(error(&run(&mut command)), (Some(0), ""));
        server.requests().pop().unwrap().header("authorization").unwrap().to_owned()
    };
    assert_eq!(sent(&[]), format!("Bearer {TOKEN}"));
    assert_eq!(sent(&["--token", "from-a-flag"]), "Bearer from-a-flag");
    assert_eq!(sent(&["--token-file", fixture::manifest_argument(&file)]), "Bearer from-a-file");
}

#[test]
fn a_token_file_that_holds_no_token_is_refused() {
    let app = App::new();
    app.write("token", "two words");
    let file = app.path("token");
    let at = ["releases", "--server", "http://127.0.0.1:1", "--token-file"];
    let outcome = run(vendor(&at).arg(&file));
    assert_eq!(
        error(&outcome),
        (
            Some(1),
            "error[unauthorized]: the token is not a token\n\
             help: give it exactly as `trybuy-server token create` printed it\n"
        )
    );
    fs::remove_file(&file).unwrap();
    let outcome = run(vendor(&at).arg(&file));
    assert_eq!(
        app.clean(&outcome.stderr),
        "error[local-file]: the token file token cannot be read: No such file or directory (os \
         error 2)\n"
    );
}

#[test]
fn a_manifest_is_checked_before_server_and_token() {
    let app = App::with_manifest("[application]\nfoo = 1\n");
    let path = app.path("trybuy.toml");
    let outcome = run(&mut vendor(&["publish", fixture::manifest_argument(&path)]));
    assert_eq!(outcome.code, Some(1));
    assert!(app.clean(&outcome.stderr).starts_with(
        "error[invalid-manifest]: trybuy.toml, line 2, column 1: unknown key `foo` in [application]"
    ));
}

#[test]
fn completions_are_printed_for_a_shell() {
    let outcome = run(&mut vendor(&["completions", "bash"]));
    assert!(outcome.stdout.contains("trybuy__vendor") && outcome.stdout.contains("--max-launches"));
    assert_eq!(error(&outcome), (Some(0), ""));
}

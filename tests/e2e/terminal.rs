//! Programs and questions in a real terminal; and never a question without one.

mod session;

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::builder::Builder;
use trybuy_tests::command::Outcome;
use trybuy_tests::running::{Running, children_of};
use trybuy_tests::vendor::EASY_TRIAL;
use trybuy_tests::wait;

use crate::case::{Shared, cases};
use crate::support::{busybox, ensure_sound, mailed_code, tried, verifying_world};
use session::Session;

cases![
    a_full_screen_application_paints_follows_a_resize_and_quits,
    an_editor_of_others_edits_in_the_terminal[Busybox],
    a_pager_of_others_pages_in_the_terminal[Busybox],
    a_monitor_of_others_refreshes_the_terminal[Busybox],
    the_interrupt_key_ends_the_program[Busybox],
    a_killed_full_screen_program_leaves_a_usable_terminal[Busybox],
    terms_are_shown_and_accepted_by_a_typed_name[Busybox],
    a_retyped_code_is_asked_for_again_when_mistyped[Busybox],
    who_answers_no_has_changed_nothing[Busybox],
    terms_that_are_accepted_passively_can_be_declined[Busybox],
    setup_asks_for_what_it_needs,
    setup_asks_for_the_code_that_was_mailed,
    nothing_is_asked_and_nothing_hangs_without_a_terminal[Busybox],
];

/// `trybuy run APP -- ARGS` in a terminal.
fn running(user: &Builder, id: &str, arguments: &[&str]) -> Result<Session> {
    let mut command = user.command();
    command.args(["run", id, "--"]).args(arguments);
    Session::start(&command)
}

fn a_full_screen_application_paints_follows_a_resize_and_quits(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("lumen", &shared.binaries().path("lumen"))?;
    let user = world.builder("lumen")?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    let mut session = running(&user, &id, &[])?;
    session.wait_until("a full screen", |screen| {
        screen.alternate_screen() && has_row(screen, 23) && screen.contents().contains("day")
    })?;
    session.resize(110, 40)?;
    session.wait_until("the larger screen", |screen| has_row(screen, 39))?;
    session.press("q")?;
    let code = session.wait_for_end()?;
    ensure!(code == 0, "it ended with {code}");
    ensure!(!session.screen().alternate_screen(), "the screen is given back");
    ensure!(!session.screen().hide_cursor(), "and the cursor");
    Ok(())
}

/// Whether something stands in a row.
fn has_row(screen: &vt100::Screen, row: u16) -> bool {
    let (_, columns) = screen.size();
    let painted =
        |cell: &vt100::Cell| cell.has_contents() || cell.bgcolor() != vt100::Color::Default;
    (0..columns.get()).filter_map(|column| screen.cell(row, column)).any(painted)
}

fn an_editor_of_others_edits_in_the_terminal(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-vi")?;
    let file = user.data_dir().join("letter.txt");
    fs::write(&file, "Dear reader\n")?;
    let mut session = running(&user, &id, &["vi", &file.display().to_string()])?;
    session.wait_for("Dear reader")?;
    session.press("oYours")?;
    session.wait_for("Yours")?;
    // Alone: together with what follows, the key would be the beginning of another one.
    session.press("\x1b")?;
    session.wait_for("- /")?;
    session.press(":wq\r")?;
    ensure!(session.wait_for_end()? == 0);
    ensure!(fs::read_to_string(&file)? == "Dear reader\nYours\n");
    Ok(())
}

fn a_pager_of_others_pages_in_the_terminal(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-less")?;
    let file = user.data_dir().join("numbers.txt");
    let lines: Vec<String> = (1..=200).map(|number| format!("line {number}.")).collect();
    fs::write(&file, lines.join("\n"))?;
    let mut session = running(&user, &id, &["less", &file.display().to_string()])?;
    session.wait_for("line 20.")?;
    session.press("G")?;
    session.wait_for("line 200.")?;
    session.press("q")?;
    ensure!(session.wait_for_end()? == 0);
    Ok(())
}

fn a_monitor_of_others_refreshes_the_terminal(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-top")?;
    let mut session = running(&user, &id, &["top", "-d", "1"])?;
    session.wait_for("Load average")?;
    session.press("q")?;
    ensure!(session.wait_for_end()? == 0);
    Ok(())
}

fn the_interrupt_key_ends_the_program(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-interrupted")?;
    let mut session =
        running(&user, &id, &["sh", "-c", "echo rea\"\"dy; while :; do read x; done"])?;
    session.wait_for("ready")?;
    session.press("\x03")?;
    let code = session.wait_for_end()?;
    ensure!(code == 130, "it ended with {code}");
    ensure_sound(&user, &id)
}

fn a_killed_full_screen_program_leaves_a_usable_terminal(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-killed")?;
    let file = user.data_dir().join("letter.txt");
    fs::write(&file, "Dear reader\n")?;
    let builder = user.command();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "\"$@\"; echo code $?; stty -a; echo end", "sh"]);
    shell.arg(builder.get_program()).args(builder.get_args());
    shell.args(["run", &id, "--", "vi"]).arg(&file);
    let mut session = Session::start(&shell)?;
    session.resize(100, 40)?;
    session.wait_for("Dear reader")?;
    let only_child = |id: u32| children_of(id).map(|children| children.first().copied());
    let launcher = only_child(session.process_id()?)?.context("the Builder")?;
    let program = only_child(launcher)?.context("the program")?;
    Command::new("kill").args(["-s", "KILL", &program.to_string()]).status()?;
    session.wait_for("end")?;
    let contents = session.screen().contents();
    ensure!(contents.contains("code 137"), "{contents}");
    let words: Vec<&str> = contents.split([' ', '\n', ';']).collect();
    ensure!(words.contains(&"icanon") && words.contains(&"echo"), "{contents}");
    session.wait_for_end()?;
    Ok(())
}

/// Publishes busybox with that kind of acceptance, for a new user.
fn asked(shared: &Shared, name: &str, acceptance: &str) -> Result<(Builder, String)> {
    let world = shared.world();
    let trial = EASY_TRIAL.replace("passive", acceptance);
    let id = world.publish_with(name, &busybox()?, &trial)?;
    Ok((world.builder(name)?, id))
}

fn terms_are_shown_and_accepted_by_a_typed_name(shared: &Shared) -> Result<()> {
    let (user, id) = asked(shared, "busybox-typed", "explicit")?;
    let mut session = Session::start(user.command().args(["try", &id]))?;
    session.wait_for("Type your name")?;
    let shown = session.screen().contents();
    ensure!(shown.contains("Terms of busybox-typed."), "{shown}");
    session.press("Ada Lovelace\r")?;
    ensure!(session.wait_for_end()? == 0, "{}", session.screen().contents());
    let requests = shared.world().requests(&id)?;
    ensure!(requests.len() == 1 && requests[0].to_string().contains("Ada Lovelace"));
    ensure_sound(&user, &id)
}

fn a_retyped_code_is_asked_for_again_when_mistyped(shared: &Shared) -> Result<()> {
    let (user, id) = asked(shared, "busybox-retyped", "retype-code")?;
    let mut session = Session::start(user.command().args(["try", &id]))?;
    session.wait_for("Type the code")?;
    session.press("WRONG\r")?;
    let twice = |screen: &vt100::Screen| screen.contents().matches("Type the code").count() == 2;
    session.wait_until("the second question", twice)?;
    let shown = session.screen().contents();
    let mut words = shown.split_whitespace().skip_while(|word| *word != "code");
    let code = words.nth(1).context("a code")?.to_owned();
    session.press(&format!("{}\r", code.to_lowercase()))?;
    ensure!(session.wait_for_end()? == 0, "{}", session.screen().contents());
    ensure_sound(&user, &id)
}

fn who_answers_no_has_changed_nothing(shared: &Shared) -> Result<()> {
    let (user, id) = asked(shared, "busybox-declined", "explicit")?;
    for answer in ["\r", "\x04"] {
        let mut session = Session::start(user.command().args(["try", &id]))?;
        session.wait_for("Type your name")?;
        session.press(answer)?;
        ensure!(session.wait_for_end()? == 1);
        session.wait_for("error[terms-not-accepted]")?;
    }
    ensure!(shared.world().requests(&id)?.is_empty(), "nothing was asked of the server");
    user.run(["run", &id])?.refused(127, "not-installed")?;
    user.run(["try", &id, "--accept-terms", "--name", "Ada"])?.success()?;
    let mut session = Session::start(user.command().args(["remove", &id]))?;
    session.wait_for("[y/N]")?;
    session.press("n\r")?;
    ensure!(session.wait_for_end()? == 0);
    session.wait_for("Nothing was removed.")?;
    ensure_sound(&user, &id)
}

fn terms_that_are_accepted_passively_can_be_declined(shared: &Shared) -> Result<()> {
    let (user, id) = asked(shared, "busybox-passive", "passive")?;
    let trying = || -> Result<Session> {
        let mut session = Session::start(user.command().args(["try", &id]))?;
        session.wait_for("Go on? [Y/n]")?;
        Ok(session)
    };
    for answer in ["n\r", "\x04"] {
        let mut session = trying()?;
        session.press(answer)?;
        ensure!(session.wait_for_end()? == 1);
        session.wait_for("error[terms-not-accepted]")?;
    }
    ensure!(shared.world().requests(&id)?.is_empty(), "nothing was asked of the server");
    let mut session = trying()?;
    session.press("\r")?;
    ensure!(session.wait_for_end()? == 0, "{}", session.screen().contents());
    ensure_sound(&user, &id)
}

fn setup_asks_for_what_it_needs(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let user = world.fresh_builder("asked");
    let setup = || Session::start(user.command().args(["setup", world.server.url()]));
    let mut declining = setup()?;
    declining.wait_for("Do you accept these terms?")?;
    declining.press("no\r")?;
    ensure!(declining.wait_for_end()? == 1);
    declining.wait_for("error[terms-not-accepted]")?;
    ensure!(!user.data_dir().join("keys").exists(), "no keys were made");
    let mut session = setup()?;
    session.wait_for("Do you accept these terms?")?;
    session.press("y\r")?;
    session.wait_for("Your name:")?;
    session.press("Ada Lovelace\r")?;
    session.wait_for("Your e-mail address:")?;
    session.press("asked@example.com\r")?;
    ensure!(session.wait_for_end()? == 0, "{}", session.screen().contents());
    user.run(["doctor"])?.success()?;
    Ok(())
}

fn setup_asks_for_the_code_that_was_mailed(shared: &Shared) -> Result<()> {
    let world = verifying_world(shared)?;
    let user = world.fresh_builder("mailed");
    let mut command = user.command();
    command.args(["setup", world.server.url(), "--name", "Ada", "--email", "ada@example.com"]);
    let mut session = Session::start(command.arg("--accept-terms"))?;
    session.wait_for("The code")?;
    session.press("ABCD-2345\r")?;
    session.wait_for("error[email-not-verified]")?;
    session.press(&format!("{}\r", mailed_code(&world)?.to_lowercase()))?;
    ensure!(session.wait_for_end()? == 0);
    ensure!(session.screen().contents().contains("is verified"));
    // Who has no code yet is not held up.
    let later = world.fresh_builder("mailed-later");
    let mut command = later.command();
    command.args(["setup", world.server.url(), "--name", "Bob", "--email", "bob@example.com"]);
    let mut session = Session::start(command.arg("--accept-terms"))?;
    session.wait_for("The code")?;
    session.press("\r")?;
    ensure!(session.wait_for_end()? == 0);
    later.run(["setup", "--verify", "--code", &mailed_code(&world)?])?.success()?;
    Ok(())
}

fn nothing_is_asked_and_nothing_hangs_without_a_terminal(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let (user, id) = asked(shared, "busybox-silent", "explicit")?;
    let (other, installed) = tried(world, "busybox-kept")?;
    let fresh = world.fresh_builder("silent-setup");
    let commands: [(&Builder, &[&str], i32, &str); 5] = [
        (&user, &["try", &id], 1, "terms-not-accepted"),
        (&user, &["try", &id, "--accept-terms"], 1, "terms-not-accepted"),
        (&other, &["remove", &installed], 2, "usage"),
        (&fresh, &["setup", world.server.url()], 1, "terms-not-accepted"),
        (&fresh, &["setup", world.server.url(), "--accept-terms"], 2, "usage"),
    ];
    for (builder, arguments, code, slug) in commands {
        let mut command = builder.command();
        command.args(arguments);
        // A pipe that never says anything; then no standard input at all.
        Running::waiting(&mut command)?.wait()?.refused(code, slug)?;
        let mut closed = Command::new("/bin/sh");
        closed.args(["-c", "exec \"$@\" <&-", "sh"]).arg(command.get_program());
        Outcome::of(closed.args(command.get_args()))?.refused(code, slug)?;
    }
    // The menu is for terminals too.
    let help = Running::waiting(&mut user.command())?.wait()?.success()?;
    ensure!(help.stdout.contains("Usage"), "{help}");
    wait::until("nothing was asked", || Ok(world.requests(&id)?.is_empty()))?;
    ensure_sound(&other, &installed)
}

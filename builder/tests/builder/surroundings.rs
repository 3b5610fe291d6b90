//! What is around the Builder: limits of the system, a full standard output, things in the way.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use trybuy_formats::policy::Layout;
use trybuy_formats::slug::Slug;

use crate::world::{APP, Said, World, said};

/// The Builder under a limit of the shell (`ulimit`).
fn limited(world: &World, limit: &str, arguments: &[&str]) -> Said {
    let plain = world.command(arguments);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("ulimit {limit}; exec \"$0\" \"$@\"")]);
    shell.arg(plain.get_program()).args(plain.get_args());
    shell.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    said(&shell.output().expect("started"))
}

#[test]
fn a_limit_of_the_system_is_named() {
    let world = World::installed(Layout::Leading);
    for descriptors in 4..20 {
        let limit = format!("-n {descriptors}");
        let few_files = limited(&world, &limit, &["run", APP, "-c", "exit 3"]);
        assert!(matches!(few_files.code, 3 | 125 | 126), "{limit}: {}", few_files.err);
        assert!(few_files.code == 3 || few_files.err.contains("(ulimit -n)"), "{}", few_files.err);
    }
    let no_files = limited(&world, "-f 0", &["run", APP, "-c", "exit 3"]);
    assert_eq!(no_files.code, 126, "{}", no_files.err);
    assert!(no_files.err.contains("(ulimit -f)"), "{}", no_files.err);
    assert_eq!(world.run(&["run", APP, "-c", "exit 3"]).code, 3);
}

#[test]
fn a_library_of_the_user_is_refused_where_a_program_is_decoded() {
    let world = World::installed(Layout::Leading);
    let maps = fs::read_to_string("/proc/self/maps").expect("read");
    let libc = maps.lines().find_map(|line| {
        line.find('/').map(|at| &line[at..]).filter(|path| path.ends_with("/libc.so.6"))
    });
    let copy = world.data().join("libc.so.6");
    fs::copy(libc.expect("the C library"), &copy).expect("copied");
    // Root's files are the system's, unless others may write them.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    fs::set_permissions(&copy, mode).expect("a mode");
    let preloaded = |arguments: &[&str]| {
        said(&world.command(arguments).env("LD_PRELOAD", &copy).output().expect("started"))
    };
    for arguments in [&["run", APP, "-c", "exit 3"][..], &["verify"], &["try", APP]] {
        let refused = preloaded(arguments);
        assert!(refused.err.contains("libc.so.6 was loaded into the Builder"), "{}", refused.err);
    }
    assert_eq!(preloaded(&["list"]).code, 0, "nothing is decoded for it");
}

#[test]
fn output_that_cannot_be_written_is_a_failure_and_a_reader_that_left_is_none() {
    let world = World::installed(Layout::Leading);
    let commands: [&[&str]; 7] = [
        &["list"],
        &["list", "--json"],
        &["search"],
        &["info", APP],
        &["verify"],
        &["completions", "bash"],
        &["--help"],
    ];
    for arguments in commands {
        let with = |stdout: Stdio| {
            let mut command = world.command(arguments);
            let started = command.stdout(stdout).stderr(Stdio::piped()).spawn();
            said(&started.expect("started").wait_with_output().expect("ended"))
        };
        let full = with(File::options().write(true).open("/dev/full").expect("there").into());
        assert_eq!(full.code, 1, "{arguments:?}");
        assert!(
            full.err.starts_with("error[local-file]: standard output"),
            "{arguments:?}: {}",
            full.err
        );
        let left = with(std::io::pipe().expect("a pipe").1.into());
        assert_eq!(left.code, 0, "{arguments:?}: {}", left.err);
    }
}

#[test]
fn a_folder_in_the_place_of_a_file_is_found() {
    for place in [
        "clock.sealed",
        "locks/com.example.shell.lock",
        "library/com.example.shell/app.trybuy",
        "library/com.example.shell/source.json",
    ] {
        let world = World::installed(Layout::Leading);
        let path = world.data().join(place);
        drop(fs::remove_file(&path));
        fs::create_dir(&path).expect("made");
        let found = world.run(&["doctor"]);
        assert_eq!(found.code, 1, "{place}");
        assert!(found.out.contains("PROBLEM  files: cannot use"), "{place}: {}", found.out);
        assert!(found.out.contains(place) && found.out.contains("move it away"), "{}", found.out);
    }
}

#[test]
fn an_empty_variable_is_one_that_is_not_set() {
    let world = World::installed(Layout::Leading);
    let mut command = Command::new(world.command(&[]).get_program());
    // The default place, in a home without any.
    command.arg("list").env("TRYBUY_DATA_DIR", "").env("HOME", world.data());
    command.env_remove("XDG_DATA_HOME");
    let listed = said(&command.output().expect("started"));
    assert_eq!(listed.code, 0, "{}", listed.err);
    assert!(listed.err.contains("No application is installed"), "{}", listed.err);
}

#[test]
fn a_changed_pinned_key_is_named_and_the_advice_leads_out() {
    let world = World::installed(Layout::Leading);
    let path = world.data().join("server.json");
    let text = fs::read_to_string(&path).expect("read");
    let key = text.split('"').max_by_key(|part| part.len()).expect("the key").to_owned();
    for at in [0, key.len() / 2, key.len() - 10] {
        let mut changed = key.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("UTF-8");
        fs::write(&path, text.replace(&key, &changed)).expect("written");
        let refused = world.refused(Slug::NoBuilderLicense, &["run", APP]);
        assert!(refused.err.contains("server.json"), "{}", refused.err);
        assert!(refused.err.contains("remove it, then run `trybuy setup`"), "{}", refused.err);
    }
    fs::remove_file(&path).expect("removed");
    world.set_up();
    assert_eq!(world.run(&["run", APP, "-c", "exit 3"]).code, 3);
}

#[test]
fn a_renamed_folder_is_told_from_a_damaged_file() {
    let world = World::installed(Layout::Leading);
    let library = world.data().join("library");
    fs::rename(library.join(APP), library.join("com.example.other")).expect("renamed");
    for arguments in [&["run", "com.example.other"][..], &["doctor"]] {
        let said = world.run(arguments);
        let text = said.out + &said.err;
        assert!(text.contains(&format!("rename its folder in the library to {APP}")), "{text}");
    }
    fs::rename(library.join("com.example.other"), library.join(APP)).expect("renamed");
    assert_eq!(world.run(&["run", APP, "-c", "exit 3"]).code, 3);
}

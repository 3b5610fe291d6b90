//! What several files of tests do.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::builder::Builder;
use trybuy_tests::command::Outcome;
use trybuy_tests::component::{Component, FAKETIME};
use trybuy_tests::files;
pub(crate) use trybuy_tests::files::blocks;
use trybuy_tests::proxy::Proxy;
use trybuy_tests::wait;
use trybuy_tests::world::World;

use crate::case::Shared;

/// The program that most tests publish: small, static, with many faces.
pub(crate) fn busybox() -> Result<PathBuf> {
    Component::Busybox.path().context("busybox is here")
}

/// Publishes busybox as `com.example.NAME` and has a new user of that name try it.
pub(crate) fn tried(world: &World, name: &str) -> Result<(Builder, String)> {
    let id = world.publish(name, &busybox()?)?;
    let user = world.builder(name)?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    Ok((user, id))
}

/// Publishes busybox with so many further bytes, as `com.example.NAME`.
pub(crate) fn publish_padded(world: &World, name: &str, bytes: usize) -> Result<String> {
    let program = files::padded(&busybox()?, bytes, &world.path("programs").join(name))?;
    world.publish(name, &program)
}

/// A new user who reaches the server through a proxy.
pub(crate) fn user_behind(world: &World, proxy: &Proxy, name: &str) -> Result<Builder> {
    let user = world.fresh_builder(name);
    user.setup(&proxy.url(), name, &format!("{name}@example.com"))?;
    Ok(user)
}

/// A server of its own that asks for verified addresses, and writes its mails into files.
pub(crate) fn verifying_world(shared: &Shared) -> Result<World> {
    let mut world = shared.own_world()?;
    let configuration = world.setup.data_dir().join("server.toml");
    let text = std::fs::read_to_string(&configuration)?;
    let verify = "verify = true\ntransport = \"file:mails\"\nfrom = \"try@example.com\"";
    let verifying = text.replacen("#: verify = false", verify, 1);
    ensure!(verifying != text, "the setting is in the configuration");
    std::fs::write(&configuration, verifying)?;
    world.restart_server()?;
    Ok(world)
}

/// The code of the one mail that was sent; the mail is taken away.
pub(crate) fn mailed_code(world: &World) -> Result<String> {
    let mut mails = std::fs::read_dir(world.setup.data_dir().join("mails"))?;
    let mail = mails.next().context("a mail")??.path();
    ensure!(mails.next().is_none(), "one mail");
    let text = std::fs::read_to_string(&mail)?;
    std::fs::remove_file(mail)?;
    let is_code = |line: &&str| line.len() == 9 && line.as_bytes()[4] == b'-';
    Ok(text.lines().map(str::trim).find(is_code).context("a code")?.to_owned())
}

/// Runs a command of the Builder at another time, for example `-2d`, in another boot: the boot id in
/// that file stands for it.
pub(crate) fn in_boot(
    user: &Builder,
    boot: &Path,
    time: &str,
    arguments: &[&str],
) -> Result<Outcome> {
    let script = "mount --bind \"$0\" /proc/sys/kernel/random/boot_id && exec \"$@\"";
    let builder = user.command();
    let mut command = Command::new("unshare");
    at_time(&mut command, time).args(["--mount", "sh", "-c", script]).arg(boot);
    command.arg(builder.get_program()).args(builder.get_args()).args(arguments);
    Outcome::of(command.env_remove("TRYBUY_SERVER"))
}

/// Lets a command run at another time, for example `-2d`.
pub(crate) fn at_time<'a>(command: &'a mut Command, time: &str) -> &'a mut Command {
    command.env("LD_PRELOAD", FAKETIME).env("FAKETIME", time)
}

/// The file of a download in progress.
pub(crate) fn partial(user: &Builder, id: &str) -> PathBuf {
    user.data_dir().join("downloads").join(id).join("partial")
}

/// Length of a file; 0 if there is none.
pub(crate) fn length(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}

/// Waits until a file has at least so many bytes.
pub(crate) fn wait_for_length(path: &Path, bytes: u64) -> Result<()> {
    wait::until(&format!("{bytes} bytes in {}", path.display()), || Ok(length(path) >= bytes))
}

/// That an application is whole and runs.
pub(crate) fn ensure_sound(user: &Builder, id: &str) -> Result<()> {
    user.run(["verify", id])?.success()?;
    let echoed = user.run(["run", id, "--", "echo", "sound"])?.success()?;
    anyhow::ensure!(echoed.stdout == "sound\n", "{echoed}");
    Ok(())
}

//! `trybuy-vendor publish`: from a manifest to releases on the server.

use std::io::Write;
use std::path::Path;

use indicatif::BinaryBytes;
use trybuy_formats::api::{PublishAnswer, ServerInfo};
use trybuy_formats::keys::key_id;
use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::slug::Slug;

use super::client::{Client, Published, Upload};
use super::connection::Connection;
use super::failure::Failure;
use super::manifest::{Application, ApplicationManifest, ProgramEntry, TextFile};
use super::package::package;
use super::{policy_words, progress};

/// Reads a manifest and prints its warnings.
pub(super) fn load(path: &Path) -> Result<ApplicationManifest, Failure> {
    let manifest = ApplicationManifest::load(path)?;
    for warning in &manifest.warnings {
        eprintln!("warning: {warning}");
    }
    Ok(manifest)
}

/// Says what would be published.
pub(super) fn dry_run(manifest: &ApplicationManifest, out: &mut dyn Write) -> Result<(), Failure> {
    describe(manifest, out).map_err(Failure::output)
}

fn describe(manifest: &ApplicationManifest, out: &mut dyn Write) -> std::io::Result<()> {
    let application = &manifest.application;
    writeln!(out, "{} {} ({})", application.id, application.version, application.name)?;
    for (label, value) in policy_words::rows(&manifest.policy) {
        writeln!(out, "  {label:14}{value}")?;
    }
    let text = |label: &str, file: &TextFile| {
        let size = BinaryBytes(file.text.len() as u64);
        format!("  {label:14}{} ({size})", file.path.display())
    };
    writeln!(out, "{}", text("documentation", &application.documentation))?;
    writeln!(out, "{}", text("terms", &application.terms))?;
    if let Some(relicensing) = &application.relicensing {
        writeln!(out, "{}", text("relicensing", relicensing))?;
    }
    for program in &manifest.programs {
        let (path, size) = (program.path.display(), BinaryBytes(program.size));
        let (platform, compression) = (&program.platform, program.compression);
        writeln!(out, "  {:14}{path} for {platform} ({size}, {compression})", "program")?;
    }
    writeln!(out, "The manifest is right. Nothing was published: this was a dry run.")
}

/// Publishes every program of a manifest.
pub(super) fn publish(
    manifest: &ApplicationManifest,
    connection: &Connection,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let client = Client::new(connection)?;
    let server = client.server()?;
    check_key(&server)?;
    check_access(&client, &manifest.application)?;
    let mut last = None;
    for program in &manifest.programs {
        let published = publish_program(&client, manifest, program, &server)?;
        report(&published, out).map_err(Failure::output)?;
        last = Some(published.answer.policy);
    }
    match last {
        Some(policy) if policy != manifest.policy => warn_of_policy(manifest, &policy, connection),
        _ => {}
    }
    Ok(())
}

/// Refuses a server whose key and key id contradict each other, before anything is packaged for it.
fn check_key(server: &ServerInfo) -> Result<(), Failure> {
    if key_id(&server.public_key) == server.key_id {
        return Ok(());
    }
    let what = "the server's public key does not have the key id that it names";
    Err(Failure::new(Slug::ServerError, what).with_help("check the address of the server"))
}

/// Finds out before a long upload whether the token is good for the application.
fn check_access(client: &Client, application: &Application) -> Result<(), Failure> {
    match client.policies(&application.id, None) {
        // A new application.
        Ok(_) | Err(Failure::Refused { slug: Slug::NotFound, .. }) => Ok(()),
        Err(failure) => Err(failure),
    }
}

fn publish_program(
    client: &Client,
    manifest: &ApplicationManifest,
    program: &ProgramEntry,
    server: &ServerInfo,
) -> Result<Published, Failure> {
    let application = &manifest.application;
    let bar = progress::bytes(&format!("packaging {}", program.platform), program.size);
    let package = package(application, program, &server.public_key, &bar)?;
    bar.finish_and_clear();
    let upload = Upload {
        application: &application.id,
        version: &application.version,
        platform: &program.platform,
        policy: &manifest.policy,
        front: package.front,
        program: package.program,
        program_length: package.manifest.sections.program,
    };
    let bar = progress::bytes(&format!("uploading {}", program.platform), upload.length());
    let published = client.publish(&upload, &bar);
    bar.finish_and_clear();
    published
}

fn report(published: &Published, out: &mut dyn Write) -> std::io::Result<()> {
    let PublishAnswer { release, created_application, policy } = &published.answer;
    let (application, version, platform) =
        (&release.application, &release.version, &release.platform);
    if *created_application {
        writeln!(out, "created    {application}: {}", policy.in_words())?;
    }
    if !published.created {
        return writeln!(
            out,
            "unchanged  {application} {version} for {platform}, published {}",
            release.published_at
        );
    }
    let (stored, size) = (BinaryBytes(release.stored_size), BinaryBytes(release.program_size));
    writeln!(out, "published  {application} {version} for {platform}: {stored}, program {size}")
}

/// A release leaves the policy as it is: says so where the manifest has another.
fn warn_of_policy(
    manifest: &ApplicationManifest,
    on_server: &TrialPolicy,
    connection: &Connection,
) {
    let id = &manifest.application.id;
    eprintln!("warning: the policy of {id} on the server is not that of the manifest");
    for line in policy_words::changes(on_server, &manifest.policy) {
        eprintln!("  {line}");
    }
    eprintln!(
        "help: to apply the manifest's, run: trybuy-vendor {} policy set {id} --from {}",
        connection.options(),
        shell_word(&manifest.path.display().to_string())
    );
}

/// A text as one word of a shell's command line.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./-+@:,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_commands_are_quoted_where_they_need_it() {
        assert_eq!(shell_word("../app/trybuy.toml"), "../app/trybuy.toml");
        assert_eq!(shell_word("my app/trybuy.toml"), "'my app/trybuy.toml'");
        assert_eq!(shell_word("a'b"), r"'a'\''b'");
    }
}

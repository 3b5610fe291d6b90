//! A throw-away PostgreSQL: a cluster of its own in a temporary folder, reached through a Unix
//! socket in that folder, ended when it is dropped.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

/// Names the URL of a PostgreSQL to use instead, whose user may create databases.
const URL_VARIABLE: &str = "TRYBUY_TEST_POSTGRES";
/// Who owns the cluster's databases.
const OWNER: &str = "trybuy";
/// Where distributions put the programs, one folder a version.
const DISTRIBUTIONS: &str = "/usr/lib/postgresql";

/// A PostgreSQL that takes connections.
pub struct Cluster {
    url: String,
    createdb: PathBuf,
    _process: Option<Process>,
}

/// A server process and its folder, in the order in which they are to go.
struct Process {
    postgres: Child,
    _folder: TempDir,
}

impl Cluster {
    /// Whether one can be had: `TRYBUY_TEST_POSTGRES` is set, or PostgreSQL's server programs are
    /// installed.
    pub fn is_available() -> bool {
        external_url().is_some() || programs().is_some()
    }

    /// The one that `TRYBUY_TEST_POSTGRES` names, or else a new one.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub fn start() -> Result<Self> {
        let programs = programs();
        if let Some(url) = external_url() {
            let createdb =
                programs.map_or_else(|| "createdb".into(), |folder| folder.join("createdb"));
            return Ok(Self { url, createdb, _process: None });
        }
        let programs = programs.context("PostgreSQL is not installed")?;
        let folder = tempfile::Builder::new().prefix("trybuy-postgres-").tempdir()?;
        let account = Account::for_server(folder.path())?;
        let postgres = account.start(&programs, folder.path())?;
        Ok(Self {
            url: format!("postgres://{OWNER}@localhost/postgres?host={}", folder.path().display()),
            createdb: programs.join("createdb"),
            _process: Some(Process { postgres, _folder: folder }),
        })
    }

    /// Makes an empty database and answers its URL.
    ///
    /// # Errors
    /// When PostgreSQL refuses, for example because there is one of that name.
    pub fn create_database(&self, name: &str) -> Result<String> {
        let output = Command::new(&self.createdb)
            .arg(format!("--maintenance-db={}", self.url))
            .args(["--template=template0", "--encoding=UTF8", name])
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("{} cannot be run", self.createdb.display()))?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the database {name} was not made: {complaint}");
        with_database(&self.url, name)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Immediate shutdown: the folder goes away anyway.
        if let Ok(Some(pid)) = i32::try_from(self.postgres.id()).map(Pid::from_raw)
            && kill_process(pid, Signal::QUIT).is_ok()
        {
            self.postgres.wait().ok();
        }
    }
}

/// Whom the server runs as: PostgreSQL refuses to run as root.
struct Account(Option<(u32, u32)>);

impl Account {
    /// Ourselves, or where we are root an account that is not, to which the folder is given.
    fn for_server(folder: &Path) -> Result<Self> {
        if !geteuid().is_root() {
            return Ok(Self(None));
        }
        let accounts = std::fs::read_to_string("/etc/passwd")?;
        let find = |name: &str| accounts.lines().find_map(|line| ids_of(line, name));
        let (user, group) = find("postgres")
            .or_else(|| find("nobody"))
            .context("there is no account `postgres` or `nobody` to run PostgreSQL as")?;
        chown(folder, Some(user), Some(group))?;
        Ok(Self(Some((user, group))))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("LC_ALL", "C").current_dir("/").stdin(Stdio::null());
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }

    /// Makes a cluster below the folder, starts its server, and waits until it takes connections.
    fn start(&self, programs: &Path, folder: &Path) -> Result<Child> {
        let data = folder.join("data");
        let output = self
            .command(&programs.join("initdb"))
            .args([
                "--no-sync",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--username",
                OWNER,
            ])
            .arg(&data)
            .output()?;
        ensure!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        let mut postgres = self
            .command(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder)
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "max_connections=400",
                "-c",
                "logging_collector=off",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        wait_until_ready(&mut postgres)?;
        Ok(postgres)
    }
}

/// Reads the server's log up to the line that says it takes connections; the rest is thrown away.
fn wait_until_ready(postgres: &mut Child) -> Result<()> {
    let mut log = BufReader::new(postgres.stderr.take().context("the log is piped")?);
    let mut seen = String::new();
    while log.read_line(&mut seen)? != 0 {
        if seen.ends_with("database system is ready to accept connections\n") {
            std::thread::spawn(move || {
                let mut rest = [0; 4096];
                while log.read(&mut rest).is_ok_and(|length| length != 0) {}
            });
            return Ok(());
        }
    }
    postgres.wait()?;
    bail!("PostgreSQL ended at once: {seen}")
}

/// User and group of the account with that name, if the line of `/etc/passwd` is about it.
fn ids_of(line: &str, name: &str) -> Option<(u32, u32)> {
    let mut fields = line.split(':');
    let wanted = fields.next() == Some(name);
    let mut ids = fields.skip(1).map_while(|field| field.parse().ok());
    wanted.then_some((ids.next()?, ids.next()?))
}

fn external_url() -> Option<String> {
    std::env::var(URL_VARIABLE).ok().filter(|url| !url.is_empty())
}

/// The folder with `initdb` and `postgres`: from `PATH`, or the newest one of the distribution.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).find_map(|folder| {
        // A link in PATH may stand alone: the other programs are where it leads.
        let initdb = folder.join("initdb").canonicalize().ok()?;
        initdb.parent().map(Path::to_owned)
    });
    let installed = || {
        let versions = std::fs::read_dir(DISTRIBUTIONS).ok()?;
        let folders = versions.flatten().map(|version| version.path().join("bin"));
        folders.filter(|folder| is_complete(folder)).max()
    };
    in_path.filter(|folder| is_complete(folder)).or_else(installed)
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "postgres", "createdb"].iter().all(|program| folder.join(program).is_file())
}

/// The URL with another database in it.
fn with_database(url: &str, name: &str) -> Result<String> {
    let (address, query) = url.split_once('?').map_or((url, None), |(a, q)| (a, Some(q)));
    let server = match address.match_indices('/').nth(2) {
        Some((slash, _)) => &address[..slash],
        None => address,
    };
    ensure!(server.starts_with("postgres"), "{URL_VARIABLE} begins with postgres://");
    Ok(match query {
        Some(query) => format!("{server}/{name}?{query}"),
        None => format!("{server}/{name}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        for (url, expected) in [
            ("postgres://u@h/postgres?host=/tmp/x", "postgres://u@h/d?host=/tmp/x"),
            ("postgresql://u:p@h:5/a", "postgresql://u:p@h:5/d"),
            ("postgres://h", "postgres://h/d"),
        ] {
            assert_eq!(with_database(url, "d").ok().as_deref(), Some(expected));
        }
    }

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        assert_eq!(ids_of("postgres:x:101:104:PostgreSQL:/:/bin/sh", "postgres"), Some((101, 104)));
        assert_eq!(ids_of("postgres2:x:1:2::/:/bin/sh", "postgres"), None);
        assert_eq!(ids_of("postgres:x::2", "postgres"), None);
    }
}

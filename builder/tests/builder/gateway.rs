//! A gateway with its license server in this process, behind real TLS, which does exactly what a test
//! says: faults included.

#[path = "gateway/company.rs"]
mod company;
#[path = "gateway/script.rs"]
mod script;
#[path = "gateway/service.rs"]
mod service;
#[path = "gateway/tls.rs"]
mod tls;

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use trybuy_formats::slug::Slug;

pub(crate) use self::script::Script;
use self::service::serve;
use self::tls::tls_files;
use crate::world::{Said, builder, said};

pub(crate) const PRODUCT: &str = "com.example.cad";
pub(crate) const ISSUER: &str = "licenses-1";

/// The gateway, and the data directory of its client.
pub(crate) struct Gateway {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    stopped: Arc<Mutex<bool>>,
    directory: tempfile::TempDir,
}

impl Gateway {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let script = Arc::new(Mutex::new(Script::new()));
        let stopped = Arc::new(Mutex::new(false));
        let (shared, ended) = (Arc::clone(&script), Arc::clone(&stopped));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if *ended.lock().expect("not poisoned") {
                    return;
                }
                let script = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &script));
            }
        });
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self { address, script, stopped, directory }
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("not poisoned")
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The file of a license of the cache.
    pub(crate) fn cached(&self, version: &str) -> PathBuf {
        self.data().join(format!("licenses/{ISSUER}/{PRODUCT}/{version}.json"))
    }

    /// From now on nobody listens there.
    pub(crate) fn stop(&self) {
        *self.stopped.lock().expect("not poisoned") = true;
        drop(TcpStream::connect(self.address).expect("the last connection"));
        // Until the listener is gone.
        while TcpStream::connect(self.address).is_ok() {
            thread::yield_now();
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        builder(&self.data(), arguments)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        said(&self.command(arguments).output().expect("started"))
    }

    pub(crate) fn good(&self, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert_eq!(said.code, 0, "{arguments:?}\n{}{}", said.out, said.err);
        said
    }

    pub(crate) fn refused(&self, slug: Slug, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert!(said.code != 0, "{arguments:?}\n{}{}", said.out, said.err);
        let mark = format!("error[{slug}]: ");
        assert!(said.err.contains(&mark), "{arguments:?}: no {mark}\n{}", said.err);
        assert!(said.err.contains("\nhelp: "), "{arguments:?}\n{}", said.err);
        said
    }

    /// The arguments of a command that contacts this gateway.
    pub(crate) fn arguments(&self, command: &[&'static str]) -> Vec<String> {
        let ca = tls_files().ca.display().to_string();
        let own = [self.url(), "--ca".to_owned(), ca];
        command.iter().map(|word| (*word).to_owned()).chain(own).collect()
    }

    /// `trybuy license request` has to succeed.
    pub(crate) fn request(&self) -> Said {
        let arguments = self.arguments(&["license", "request"]);
        self.good(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// `trybuy license request` has to fail with this slug.
    pub(crate) fn request_refused(&self, slug: Slug) -> Said {
        let arguments = self.arguments(&["license", "request"]);
        self.refused(slug, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Starts `trybuy license request`.
    pub(crate) fn spawn_request(&self) -> Child {
        let arguments = self.arguments(&["license", "request"]);
        let mut command = self.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().expect("started")
    }

    /// `trybuy license list --json`.
    pub(crate) fn listed(&self) -> Vec<serde_json::Value> {
        let out = self.good(&["license", "list", "--json"]).out;
        serde_json::from_str(&out).expect("JSON")
    }

    /// The license that was issued last has ended in the cache, and no test waits for that.
    pub(crate) fn let_end(&self) {
        let script = self.script();
        let folder = self.data().join(format!("licenses/{ISSUER}/{PRODUCT}"));
        let mut files = std::fs::read_dir(folder).expect("a cache").map(|it| it.expect("a file"));
        let is_its = |name: &str| name.starts_with(script.version);
        let file =
            files.find(|it| it.file_name().to_str().is_some_and(is_its)).expect("it is there");
        let entry = std::fs::read(file.path()).expect("readable");
        let mut entry: serde_json::Value = serde_json::from_slice(&entry).expect("JSON");
        entry["certificates"] = script.ended().into();
        std::fs::write(file.path(), entry.to_string()).expect("written");
    }

    /// What a test waits for, and how it lets the gateway go on.
    pub(crate) fn pause(&self) -> (Receiver<()>, Sender<()>) {
        let (tell, told) = channel();
        let (release, released) = channel();
        self.script().pause = Some((tell, released));
        (told, release)
    }
}

/// Reads until the end, however it comes.
pub(crate) fn read_all(mut stream: impl Read) -> String {
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

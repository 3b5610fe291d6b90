//! Trials granted in a second by a real server, against what the signatures alone would allow.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use trybuy_formats::api::BASE;
use trybuy_formats::ids::Platform;
use trybuy_formats::primitives::{DecryptionKey, RequestSignatureKey, SignatureKey};

use super::http::{Connection, signed_post};
use super::process;
use super::sample_program::{self, Filling};
use crate::binaries::{Binaries, Profile};
use crate::world::World;

const BUILDERS: usize = 24;
const APPLICATIONS: usize = 150;
const CONNECTIONS: usize = 32;
const RECORDED: [u32; 2] = [1_000, 1_000_000];

/// Measures and prints.
///
/// # Errors
/// When a part of the world cannot be had: sqlite3.
pub fn run() -> Result<()> {
    let alone = signatures_alone()?;
    println!("RSA-3072 signatures alone, all cores: {alone:.0} a second\n");
    println!(
        "| recorded trials | grants/s | of the signatures alone | server CPU ms/grant | the signature's share |"
    );
    println!("|---|---|---|---|---|");
    for recorded in RECORDED {
        let (rate, cpu) = grants_with(recorded)?;
        let cores = thread::available_parallelism()?.get();
        let signature = f64::from(u32::try_from(cores)?) / alone * 1e3;
        println!(
            "| {recorded} | {rate:.0} | {:.2} | {cpu:.2} | {:.2} |",
            rate / alone,
            signature / cpu
        );
    }
    Ok(())
}

/// Signatures a second with a thread on every core and nothing else to do.
fn signatures_alone() -> Result<f64> {
    const EACH: u32 = 2_000;
    let key = SignatureKey::generate()?;
    let cores = thread::available_parallelism()?.get();
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| (0..EACH).try_for_each(|_| key.sign(b"a payload").map(drop)));
        }
    });
    Ok(f64::from(EACH * u32::try_from(cores)?) / begin.elapsed().as_secs_f64())
}

/// Grants a second, and CPU-milliseconds of the server for each, with that many recorded trials.
fn grants_with(recorded: u32) -> Result<(f64, f64)> {
    let world = World::start(&Binaries::build(Profile::Release)?)?;
    let program = sample_program::make(world.folder(), 1 << 20, Filling::Code)?;
    let mut applications = Vec::new();
    for number in 0..APPLICATIONS {
        applications.push(world.publish(&format!("application-{number}"), &program)?);
    }
    let requests = prepare(&world, &applications)?;
    // One trial of somebody else is the model of all that are recorded.
    let somebody = world.builder("somebody")?;
    somebody.run(["try", &applications[0], "--accept-terms"])?.success()?;
    record(&world, recorded)?;
    load(&world, &requests)
}

/// Every Builder's signed request for every application.
fn prepare(world: &World, applications: &[String]) -> Result<Vec<Vec<u8>>> {
    let mut connection = Connection::open(world.server.address())?;
    let info = get(&mut connection, &format!("{BASE}/server"))?;
    let mut terms = Vec::new();
    for id in applications {
        let details = get(&mut connection, &format!("{BASE}/applications/{id}"))?;
        terms.push(details["terms_digest"].as_str().context("a digest")?.to_owned());
    }
    let mut requests = Vec::new();
    for number in 0..BUILDERS {
        let key = RequestSignatureKey::generate()?;
        let license = register(&mut connection, &key, number, &info["builder_terms_digest"])?;
        for (id, digest) in applications.iter().zip(&terms) {
            let body =
                json!({"platform": Platform::current(), "acceptance": {"terms_digest": digest}});
            let path = format!("{BASE}/applications/{id}/trials");
            requests.push(signed_post(&key, &license, &path, body.to_string().as_bytes())?);
        }
    }
    Ok(requests)
}

fn get(connection: &mut Connection, path: &str) -> Result<Value> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    Ok(serde_json::from_slice(&connection.send(request.as_bytes())?.body)?)
}

/// Registers a Builder; answers the id of its license.
fn register(
    connection: &mut Connection,
    key: &RequestSignatureKey,
    number: usize,
    terms_digest: &Value,
) -> Result<String> {
    let decryption_key = DecryptionKey::generate()?.encryption_key();
    let body = json!({
        "decryption_key": base64url(decryption_key.spki()),
        "request_key": base64url(&key.public_key()),
        "platform": Platform::current(),
        "version": env!("CARGO_PKG_VERSION"),
        "name": format!("Builder {number}"),
        "email": format!("builder{number}@example.com"),
        "terms_digest": terms_digest,
    });
    let path = format!("{BASE}/builders");
    let key_id = base64url(&key.public_key());
    let request = signed_post(key, &key_id, &path, body.to_string().as_bytes())?;
    let answer = connection.send(&request)?;
    ensure!(answer.status == 201, "{}", String::from_utf8_lossy(&answer.body));
    let answer: Value = serde_json::from_slice(&answer.body)?;
    let payload = answer["license"].as_str().and_then(|text| text.split('.').nth(1));
    let payload: Value = serde_json::from_slice(&from_base64url(payload.context("a document")?)?)?;
    Ok(payload["license_id"].as_str().context("an id")?.to_owned())
}

/// Copies the one recorded trial until there are that many, each of another licensee.
fn record(world: &World, count: u32) -> Result<()> {
    let database = std::fs::read_dir(world.setup.data_dir())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            path.extension().is_some_and(|extension| extension == "sqlite3" || extension == "db")
        })
        .context("the database")?;
    let columns = "application, ordinal, license_id, release_id, platform, kind, started_at, ends_at, \
                   requested_at, policy, terms_digest, acceptance, accepted_as, head_number, head_etag, head";
    let statement = format!(
        "PRAGMA busy_timeout=60000; PRAGMA synchronous=OFF;\
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})\
         INSERT INTO trials (id, licensee_id, {columns}) \
         SELECT lower(hex(randomblob(16))), lower(hex(randomblob(16))), {columns} \
         FROM n, (SELECT * FROM trials LIMIT 1);\
         PRAGMA wal_checkpoint(TRUNCATE);"
    );
    let done = Command::new("sqlite3").arg(database).arg(statement).status();
    ensure!(done.context("cannot run sqlite3")?.success(), "sqlite3 failed");
    // What is still on its way to the disk would slow down the commits that are measured.
    rustix::fs::sync();
    Ok(())
}

/// Sends all requests over several connections; answers grants a second and the server's CPU-ms each.
fn load(world: &World, requests: &[Vec<u8>]) -> Result<(f64, f64)> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        let mut connection = Connection::open(world.server.address())?;
        while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
            let answer = connection.send(request)?;
            ensure!(answer.status == 201, "{}", String::from_utf8_lossy(&answer.body));
        }
        Ok(())
    };
    let server = world.server.process_id();
    let cpu = process::cpu_seconds(server)?;
    let begin = Instant::now();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("no worker panics"))
    })?;
    let count = f64::from(u32::try_from(requests.len())?);
    let used = process::cpu_seconds(server)? - cpu;
    Ok((count / begin.elapsed().as_secs_f64(), used / count * 1e3))
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn from_base64url(text: &str) -> Result<Vec<u8>> {
    use base64::Engine as _;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text)?)
}

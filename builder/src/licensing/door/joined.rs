//! Two connections, joined: what comes on one goes out on the other.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf, split,
};

use trybuy_formats::slug::Slug;

use super::exchanges::{Answered, Exchanges};

/// Bytes that are passed on at a time, in each direction.
const PIECE: usize = 32 << 10;
/// How long to wait for the gateway to say why it takes nothing more.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Why bytes could not be passed on.
enum Failure {
    /// Where they come from.
    Reading(io::Error),
    /// Where they go to.
    Writing(io::Error),
    /// The gateway refuses the license.
    Refused(Slug),
}

/// What a connection comes to that did not simply end.
pub(super) enum Outcome<L> {
    /// The gateway failed before it answered anything.
    Failed(L, Exchanges, io::Error),
    /// The gateway refuses the license.
    Refused(L, Exchanges, Slug),
}

/// Passes bytes on in both directions, at first what was asked before and not answered. An end of one direction is passed
/// on as such, and the other one goes on; a failure ends both.
///
/// Where there is something to be told to the program, its connection is given back.
pub(super) async fn join<L, R>(local: L, mut remote: R, exchanges: Exchanges) -> Option<Outcome<L>>
where
    L: AsyncRead + AsyncWrite + Unpin,
    R: AsyncRead + AsyncWrite + Unpin,
{
    if let Err(error) = write(&mut remote, exchanges.again().unwrap_or_default()).await {
        return Some(Outcome::Failed(local, exchanges, error));
    }
    let exchanges = Mutex::new(exchanges);
    let (mut from_program, mut to_program) = split(local);
    let (mut from_gateway, mut to_gateway) = split(remote);
    let failure = {
        let ask = ask(&mut from_program, &mut to_gateway, &exchanges);
        let answer = answer(&mut from_gateway, &mut to_program, &exchanges);
        both(ask, answer).await
    };
    let local = from_program.unsplit(to_program);
    let exchanges = exchanges.into_inner().unwrap_or_else(PoisonError::into_inner);
    match failure? {
        Failure::Refused(slug) => Some(Outcome::Refused(local, exchanges, slug)),
        // What was passed on before the failure has arrived; without it, the program still waits.
        Failure::Reading(error) | Failure::Writing(error) => {
            exchanges.waits().then_some(Outcome::Failed(local, exchanges, error))
        }
    }
}

/// Both directions until both have ended; the answer is the failure of the gateway, if it was one, or its refusal.
async fn both(
    ask: impl Future<Output = Result<(), Failure>>,
    answer: impl Future<Output = Result<(), Failure>>,
) -> Option<Failure> {
    tokio::pin!(ask, answer);
    let of_gateway = |failure: Failure| match failure {
        Failure::Writing(_) => None,
        failure => Some(failure),
    };
    tokio::select! {
        asked = &mut ask => match asked {
            Ok(()) => answer.await.err().and_then(of_gateway),
            // A gateway that refuses the license says so, and takes nothing more.
            Err(Failure::Writing(error)) => {
                match tokio::time::timeout(LAST_WORDS, answer).await {
                    Ok(Err(failure)) => of_gateway(failure),
                    Ok(Ok(())) | Err(_) => Some(Failure::Writing(error)),
                }
            }
            Err(_) => None,
        },
        answered = &mut answer => match answered {
            Ok(()) => {
                // A program that was told that there is no more may still send.
                let _ = ask.await;
                None
            }
            Err(failure) => of_gateway(failure),
        },
    }
}

/// Passes on what the program sends.
async fn ask(
    from: &mut ReadHalf<impl AsyncRead>,
    to: &mut WriteHalf<impl AsyncWrite>,
    exchanges: &Mutex<Exchanges>,
) -> Result<(), Failure> {
    let mut piece = vec![0; PIECE];
    loop {
        match from.read(&mut piece).await.map_err(Failure::Reading)? {
            0 => return to.shutdown().await.map_err(Failure::Writing),
            length => {
                locked(exchanges).ask(&piece[..length]);
                write(to, &piece[..length]).await.map_err(Failure::Writing)?;
            }
        }
    }
}

/// Passes on what the gateway answers, up to where it refuses the license.
async fn answer(
    from: &mut ReadHalf<impl AsyncRead>,
    to: &mut WriteHalf<impl AsyncWrite>,
    exchanges: &Mutex<Exchanges>,
) -> Result<(), Failure> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece).await.map_err(Failure::Reading)?;
        if length == 0 {
            let rest = locked(exchanges).rest().to_vec();
            write(to, &rest).await.map_err(Failure::Writing)?;
            return to.shutdown().await.map_err(Failure::Writing);
        }
        let Answered { held, now, refusal } = locked(exchanges).answer(&piece[..length]);
        write(to, &held).await.map_err(Failure::Writing)?;
        write(to, now).await.map_err(Failure::Writing)?;
        if let Some(slug) = refusal {
            return Err(Failure::Refused(slug));
        }
    }
}

fn locked(exchanges: &Mutex<Exchanges>) -> MutexGuard<'_, Exchanges> {
    exchanges.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What TLS holds back goes out before more is waited for.
async fn write(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes).await?;
    to.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{DuplexStream, duplex};

    /// A program and a gateway whose connections are joined.
    fn joined() -> (DuplexStream, DuplexStream, tokio::task::JoinHandle<Option<String>>) {
        let (program, local) = duplex(64);
        let (gateway, remote) = duplex(64);
        let task = tokio::spawn(async move {
            join(local, remote, Exchanges::new()).await.map(|outcome| match outcome {
                Outcome::Failed(_, _, error) => error.to_string(),
                Outcome::Refused(..) => "refused".to_owned(),
            })
        });
        (program, gateway, task)
    }

    #[tokio::test]
    async fn much_is_passed_on_in_both_directions_at_once() {
        let (program, gateway, task) = joined();
        let much: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let (mut from_program, mut to_program) = split(program);
        let (mut from_gateway, mut to_gateway) = split(gateway);
        let (mut up, mut down) = (Vec::new(), Vec::new());
        let send_up = async {
            to_program.write_all(&much).await.expect("written");
            to_program.shutdown().await.expect("ended");
        };
        let send_down = async {
            to_gateway.write_all(&much).await.expect("written");
            to_gateway.shutdown().await.expect("ended");
        };
        let (read_up, read_down) =
            (from_gateway.read_to_end(&mut up), from_program.read_to_end(&mut down));
        let (_, _, first, second) = tokio::join!(send_up, send_down, read_up, read_down);
        first.and(second).expect("read");
        assert!(up == much && down == much);
        assert_eq!(task.await.expect("ran"), None);
    }

    #[tokio::test]
    async fn a_program_that_has_asked_all_still_gets_its_answer() {
        let (mut program, mut gateway, task) = joined();
        program.write_all(b"question").await.expect("written");
        program.shutdown().await.expect("ended");
        let mut question = String::new();
        gateway.read_to_string(&mut question).await.expect("read");
        gateway.write_all(b"answer").await.expect("written");
        drop(gateway);
        let mut answer = String::new();
        program.read_to_string(&mut answer).await.expect("read");
        assert_eq!((question.as_str(), answer.as_str()), ("question", "answer"));
        assert_eq!(task.await.expect("ran"), None);
    }

    #[tokio::test]
    async fn a_program_that_goes_away_ends_the_connection_to_the_gateway() {
        let (program, mut gateway, task) = joined();
        drop(program);
        let mut rest = Vec::new();
        gateway.read_to_end(&mut rest).await.expect("ended");
        drop(gateway);
        assert_eq!(task.await.expect("ran"), None);
    }
}

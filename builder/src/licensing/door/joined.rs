//! Two connections, joined: what comes on one goes out on the other.

use std::io;
use std::time::Duration;

use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf, split,
};

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
}

/// Passes bytes on in both directions. An end of one direction is passed on as such, and the other one
/// goes on; a failure ends both.
///
/// Where the gateway fails before it answered anything, the answer is the program's connection and why.
pub(super) async fn join<L, R>(local: L, remote: R) -> Option<(L, io::Error)>
where
    L: AsyncRead + AsyncWrite + Unpin,
    R: AsyncRead + AsyncWrite + Unpin,
{
    let (mut from_program, mut to_program) = split(local);
    let (mut from_gateway, mut to_gateway) = split(remote);
    let (mut asked, mut answered) = (false, false);
    let failure = {
        let ask = pass(&mut from_program, &mut to_gateway, &mut asked);
        let answer = pass(&mut from_gateway, &mut to_program, &mut answered);
        both(ask, answer).await
    };
    // What was passed on before the failure has arrived; without it, the program still waits.
    let is_owed_an_answer = asked && !answered;
    let local = from_program.unsplit(to_program);
    failure.filter(|_| is_owed_an_answer).map(|error| (local, error))
}

/// Both directions until both have ended; the answer is the failure of the gateway, if it was one.
async fn both(
    ask: impl Future<Output = Result<(), Failure>>,
    answer: impl Future<Output = Result<(), Failure>>,
) -> Option<io::Error> {
    tokio::pin!(ask, answer);
    let of_gateway = |failure| match failure {
        Failure::Reading(error) => Some(error),
        Failure::Writing(_) => None,
    };
    tokio::select! {
        asked = &mut ask => match asked {
            Ok(()) => answer.await.err().and_then(of_gateway),
            Err(Failure::Reading(_)) => None,
            // A gateway that refuses the license says so, and takes nothing more.
            Err(Failure::Writing(error)) => {
                match tokio::time::timeout(LAST_WORDS, answer).await {
                    Ok(Err(failure)) => of_gateway(failure),
                    Ok(Ok(())) | Err(_) => Some(error),
                }
            }
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

async fn pass<F, T>(
    from: &mut ReadHalf<F>,
    to: &mut WriteHalf<T>,
    passed: &mut bool,
) -> Result<(), Failure>
where
    F: AsyncRead,
    T: AsyncWrite,
{
    let mut piece = vec![0; PIECE];
    loop {
        match from.read(&mut piece).await.map_err(Failure::Reading)? {
            0 => return to.shutdown().await.map_err(Failure::Writing),
            length => {
                *passed = true;
                to.write_all(&piece[..length]).await.map_err(Failure::Writing)?;
                // What TLS holds back goes out before more is waited for.
                to.flush().await.map_err(Failure::Writing)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{DuplexStream, duplex};

    /// A program and a gateway whose connections are joined.
    fn joined() -> (DuplexStream, DuplexStream, tokio::task::JoinHandle<Option<String>>) {
        let (program, local) = duplex(64);
        let (gateway, remote) = duplex(64);
        let task =
            tokio::spawn(
                async move { join(local, remote).await.map(|(_, error)| error.to_string()) },
            );
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

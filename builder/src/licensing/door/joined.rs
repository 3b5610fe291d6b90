//! Two connections, joined: what comes on one goes out on the other.

use std::io;
use std::time::Duration;

use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf, split,
};

use super::answer::{Reading, read};

/// Bytes that are passed on at a time, in each direction.
const PIECE: usize = 32 << 10;
/// How long to wait for the gateway to say why it takes nothing more.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long to wait for the rest of what may be a refusal; the answer to HEAD has none.
const REST: Duration = Duration::from_millis(200);
/// The most bytes that are kept to be asked again.
const KEPT: usize = 64 << 10;

/// Why bytes could not be passed on.
enum Failure {
    /// Where they come from.
    Reading(io::Error),
    /// Where they go to.
    Writing(io::Error),
    /// The gateway refuses the license, in these words.
    Refused(Vec<u8>),
}

/// What a program has sent since its connection began, as long as it is little.
#[derive(Default)]
pub(super) struct Sent {
    bytes: Vec<u8>,
    is_too_much: bool,
}

/// What a connection comes to that did not simply end.
pub(super) enum Outcome<L> {
    /// The gateway failed before it answered anything.
    Failed(L, io::Error),
    /// The gateway refuses the license, in these words. What was sent can be sent again where this is the first answer
    /// and all of it was kept.
    Refused(L, Vec<u8>, Option<Sent>),
}

impl Sent {
    fn keep(&mut self, piece: &[u8]) {
        self.is_too_much |= self.bytes.len() + piece.len() > KEPT;
        if self.is_too_much { self.bytes = Vec::new() } else { self.bytes.extend(piece) }
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && !self.is_too_much
    }
}

/// Passes bytes on in both directions, at first those that another connection did not get answered. An end of one
/// direction is passed on as such, and the other one goes on; a failure ends both.
///
/// Where there is something to be told to the program, its connection is given back.
pub(super) async fn join<L, R>(local: L, mut remote: R, mut sent: Sent) -> Option<Outcome<L>>
where
    L: AsyncRead + AsyncWrite + Unpin,
    R: AsyncRead + AsyncWrite + Unpin,
{
    if let Err(error) = write(&mut remote, &sent.bytes).await {
        return Some(Outcome::Failed(local, error));
    }
    let (mut from_program, mut to_program) = split(local);
    let (mut from_gateway, mut to_gateway) = split(remote);
    let mut answered = false;
    let failure = {
        let ask = ask(&mut from_program, &mut to_gateway, &mut sent);
        let answer = answer(&mut from_gateway, &mut to_program, &mut answered);
        both(ask, answer).await
    };
    let local = from_program.unsplit(to_program);
    match failure? {
        Failure::Refused(answer) => {
            let again = Some(sent).filter(|sent| !answered && !sent.is_too_much);
            Some(Outcome::Refused(local, answer, again))
        }
        // What was passed on before the failure has arrived; without it, the program still waits.
        Failure::Reading(error) | Failure::Writing(error) => {
            (!sent.is_empty() && !answered).then_some(Outcome::Failed(local, error))
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

/// Passes on what the program sends, and keeps it.
async fn ask(
    from: &mut ReadHalf<impl AsyncRead>,
    to: &mut WriteHalf<impl AsyncWrite>,
    sent: &mut Sent,
) -> Result<(), Failure> {
    let mut piece = vec![0; PIECE];
    loop {
        match from.read(&mut piece).await.map_err(Failure::Reading)? {
            0 => return to.shutdown().await.map_err(Failure::Writing),
            length => {
                sent.keep(&piece[..length]);
                write(to, &piece[..length]).await.map_err(Failure::Writing)?;
            }
        }
    }
}

/// Passes on what the gateway answers, unless that is that it refuses the license. An answer begins with a piece, as
/// nothing is sent to a gateway before it has answered.
async fn answer(
    from: &mut ReadHalf<impl AsyncRead>,
    to: &mut WriteHalf<impl AsyncWrite>,
    answered: &mut bool,
) -> Result<(), Failure> {
    let mut piece = vec![0; PIECE];
    loop {
        let mut length = from.read(&mut piece).await.map_err(Failure::Reading)?;
        if length == 0 {
            return to.shutdown().await.map_err(Failure::Writing);
        }
        while read(&piece[..length]) == Reading::Unfinished {
            let rest = tokio::time::timeout(REST, from.read(&mut piece[length..])).await;
            match rest.unwrap_or(Ok(0)).map_err(Failure::Reading)? {
                0 => break,
                more => length += more,
            }
        }
        if read(&piece[..length]) == Reading::Refusal {
            piece.truncate(length);
            return Err(Failure::Refused(piece));
        }
        *answered = true;
        write(to, &piece[..length]).await.map_err(Failure::Writing)?;
    }
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
            join(local, remote, Sent::default()).await.map(|outcome| match outcome {
                Outcome::Failed(_, error) => error.to_string(),
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

//! Work with keys and decrypted bytes, in a process of its own.
//!
//! The kernel checks who may read a process when `/proc/PID/mem` is opened, and never again. The
//! Builder begins as an ordinary process: who opens its memory before [`super::harden_process`] can
//! read it for as long as it lives. A process forked after that has an address space of its own,
//! which was closed from its first moment. So the Builder's first process holds no key and no byte
//! of a program, and whatever does is done apart. When that is done the process ends, and the
//! kernel takes back all that its memory held, wherever a library had left it.

use std::io::{self, Read as _, Write as _};

use rustix::process::getpid;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::process::ChildProcess;
use super::procfs::ProcFs;
use super::{ExecutionError, HardenedProcess, protection};

/// Cap of an answer, in bytes: a trial's facts with names of the greatest length are far below.
const LONGEST_ANSWER: u64 = 64 * 1024;

impl HardenedProcess {
    /// Does `work` in a process of its own and returns what it returned, sent as JSON.
    ///
    /// The process shares terminal, process group and working directory with this one, so that it
    /// can ask and print, and it is killed when this one ends.
    ///
    /// # Errors
    ///
    /// [`ExecutionError::Exposed`] if others can look into this process after all,
    /// [`ExecutionError::Apart`] if the process ended without an answer, and
    /// [`ExecutionError::System`], also when this process has threads.
    pub fn apart<T>(&self, work: impl FnOnce() -> T) -> Result<T, ExecutionError>
    where
        T: Serialize + DeserializeOwned,
    {
        const ACTION: &str = "start a process apart";
        refuse_threads()?;
        let (mut answers, mut answer) = io::pipe().map_err(ExecutionError::system(ACTION))?;
        let builder = getpid();
        let mut process = ChildProcess::fork(|| {
            // From here it can be seen what the kernel shows of the Builder to others.
            let sent = match ProcFs::open().and_then(|proc| protection::verify(&proc, builder)) {
                Ok(_) => Sent::Answer(work()),
                Err(ExecutionError::System { source, .. }) => Sent::Failed(source.raw_os_error()),
                Err(_) => Sent::Exposed,
            };
            let json = serde_json::to_vec(&sent).expect("a plain structure");
            // An error means that nobody waits for the answer any more.
            i32::from(answer.write_all(&json).is_err())
        })
        .map_err(ExecutionError::system(ACTION))?;
        drop(answer);
        let mut json = Vec::new();
        let read = answers.by_ref().take(LONGEST_ANSWER).read_to_end(&mut json);
        read.map_err(ExecutionError::system("hear of the process apart"))?;
        let ending = process.wait_for_end()?;
        match serde_json::from_slice(&json) {
            Ok(Sent::Answer(answer)) => Ok(answer),
            Ok(Sent::Exposed) => Err(ExecutionError::Exposed),
            Ok(Sent::Failed(number)) => {
                let error =
                    number.map_or(io::ErrorKind::Other.into(), io::Error::from_raw_os_error);
                Err(ExecutionError::system("see whether the Builder is closed to others")(error))
            }
            Err(_) => Err(ExecutionError::Apart { ending }),
        }
    }
}

/// What the process apart sends.
#[derive(Serialize, Deserialize)]
enum Sent<T> {
    Answer(T),
    /// The Builder is open to others.
    Exposed,
    /// It could not find out whether it is: the system's error number.
    Failed(Option<i32>),
}

/// A lock that another thread holds at the fork would be held for ever in the new process.
fn refuse_threads() -> Result<(), ExecutionError> {
    const ACTION: &str = "start a process apart, beside threads";
    let threads = ProcFs::open()?.numbers("self/task").map_err(ExecutionError::system(ACTION))?;
    match threads.len() {
        1 => Ok(()),
        _ => Err(ExecutionError::system(ACTION)(io::Error::from(io::ErrorKind::Other))),
    }
}

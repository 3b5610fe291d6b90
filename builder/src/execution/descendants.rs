//! The processes that a program starts, and that those start.
//!
//! Where the time of a program is limited, theirs is the program's: it runs until the last of them
//! has ended. A process whose parent ends becomes the child of its nearest ancestor that asked for
//! it (`PR_SET_CHILD_SUBREAPER`), which is the Builder. So nobody gets out of its sight, by a session
//! of his own or a parent that ends: as long as any of them is left, the Builder has a child.

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, getpid, pidfd_open, pidfd_send_signal,
    set_child_subreaper, waitid,
};

use super::ExecutionError;
use super::process::ChildProcess;
use super::procfs::ProcFs;

/// What a program leaves behind. Dropping it kills all of them, so that no path out of a launch
/// leaves them running without supervision.
pub(super) struct Descendants<'a> {
    proc: &'a ProcFs,
    /// The program itself, until it has ended. It has a supervisor of its own.
    program: Option<Pid>,
    /// Children of the Builder that are nothing of the program's.
    others: Vec<Pid>,
    /// Whether they are killed wherever they are found.
    killing: bool,
}

impl<'a> Descendants<'a> {
    /// Becomes the parent of all that a program leaves behind. It must not have started yet.
    pub(super) fn adopt(proc: &'a ProcFs) -> Result<Self, ExecutionError> {
        set_child_subreaper(Some(getpid()))
            .map_err(ExecutionError::system("become the parent of what a program starts"))?;
        let mut adopted = Self { proc, program: None, others: Vec::new(), killing: false };
        adopted.others = adopted.children()?.into_iter().map(|child| child.id).collect();
        Ok(adopted)
    }

    /// Those of this program, as long as it runs.
    pub(super) fn of(&mut self, program: Pid) {
        self.program = Some(program);
    }

    /// The program has ended, and was waited for.
    pub(super) fn survive_program(&mut self) {
        self.program = None;
    }

    /// This process is none of them.
    pub(super) fn leave_out(&mut self, process: &ChildProcess) {
        self.others.push(process.pid());
    }

    /// Takes leave of those that have ended. The answer is whether any is left.
    pub(super) fn reap(&mut self) -> Result<bool, ExecutionError> {
        if self.killing {
            self.send(Signal::KILL)?;
        }
        loop {
            let children = self.children()?;
            let ended = children.iter().filter(|child| has_been_reaped(child.id)).count();
            // Who ends during a look may leave a child that the look has missed.
            if ended == 0 {
                return Ok(!children.is_empty());
            }
        }
    }

    /// Asks all of them to end, or ends them: then also those that are found later.
    pub(super) fn end(&mut self, signal: Signal) -> Result<(), ExecutionError> {
        self.killing |= signal == Signal::KILL;
        self.send(signal)?;
        // Who is stopped could not act on it.
        self.send(Signal::CONT)
    }

    /// Sends all of them a signal.
    pub(super) fn send(&self, signal: Signal) -> Result<(), ExecutionError> {
        for process in self.all()? {
            process.send(self.proc, signal);
        }
        Ok(())
    }

    /// The children of the Builder that were adopted.
    fn children(&self) -> Result<Vec<Process>, ExecutionError> {
        if !has_children() {
            return Ok(Vec::new());
        }
        let mut children = self.processes()?;
        children.retain(|child| self.is_ours(child) && Some(child.id) != self.program);
        Ok(children)
    }

    /// All of them, parents first, without the program itself.
    fn all(&self) -> Result<Vec<Process>, ExecutionError> {
        if !has_children() {
            return Ok(Vec::new());
        }
        let (mut found, mut rest): (Vec<_>, Vec<_>) =
            self.processes()?.into_iter().partition(|process| self.is_ours(process));
        let mut next = 0;
        while let Some(parent) = found.get(next).map(|process| process.id) {
            found.extend(rest.extract_if(.., |process| process.parent == Some(parent)));
            next += 1;
        }
        found.retain(|process| Some(process.id) != self.program);
        Ok(found)
    }

    /// Whether it is a child of the Builder, and of the program.
    fn is_ours(&self, process: &Process) -> bool {
        process.parent == Some(getpid()) && !self.others.contains(&process.id)
    }

    /// Every process.
    fn processes(&self) -> Result<Vec<Process>, ExecutionError> {
        let numbers =
            self.proc.numbers(".").map_err(ExecutionError::system("list the processes"))?;
        Ok(numbers.into_iter().filter_map(|number| Process::read(self.proc, number)).collect())
    }
}

impl Drop for Descendants<'_> {
    fn drop(&mut self) {
        // Nothing is left after a launch that came to its end. After another one this is the last
        // that can be done.
        let _ = self.end(Signal::KILL);
        let _ = set_child_subreaper(None);
    }
}

/// A process, as `/proc` showed it.
struct Process {
    id: Pid,
    parent: Option<Pid>,
    /// When it began, so that another one of the same number is not taken for it.
    began: u64,
}

impl Process {
    /// None if there is no such process any more.
    fn read(proc: &ProcFs, number: u32) -> Option<Self> {
        let stat = proc.read(&format!("{number}/stat")).ok()?;
        Self::parse(number, &stat)
    }

    /// Reads a line of proc_pid_stat(5).
    fn parse(number: u32, stat: &str) -> Option<Self> {
        /// Counted from the field behind the name, which is in parentheses and may hold any others.
        const PARENT: usize = 1;
        const BEGAN: usize = 19;
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        Some(Self {
            id: Pid::from_raw(number.try_into().ok()?)?,
            parent: Pid::from_raw(fields.get(PARENT)?.parse().ok()?),
            began: fields.get(BEGAN)?.parse().ok()?,
        })
    }

    /// Sends it a signal, unless it has ended or belongs to somebody else by now.
    fn send(&self, proc: &ProcFs, signal: Signal) {
        let Ok(process) = pidfd_open(self.id, PidfdFlags::empty()) else { return };
        let number = self.id.as_raw_nonzero().get().cast_unsigned();
        if Self::read(proc, number).is_some_and(|now| now.began == self.began) {
            let _ = pidfd_send_signal(process, signal);
        }
    }
}

/// Whether this process has any children, which costs less than to look for them.
fn has_children() -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::All, look), Err(Errno::CHILD))
}

/// Whether a child has ended and was waited for now.
fn has_been_reaped(child: Pid) -> bool {
    let status = waitid(WaitId::Pid(child), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
    status.is_ok_and(|status| status.is_some())
}

#[cfg(test)]
mod tests {
    use super::Process;
    use rustix::process::Pid;

    #[test]
    fn a_process_with_a_deceiving_name_is_read() {
        let stat = "7 (a) S 1 (b) S 3 7 7 0 -1 4194560 97 0 0 0 0 0 0 0 20 0 1 0 8831 2699264 221";
        let process = Process::parse(7, stat);
        let process = process.map(|process| (process.id, process.parent, process.began));
        assert_eq!(process, Some((pid(7), Some(pid(3)), 8831)));
        assert!(Process::parse(7, "7 (short) S 1").is_none());
    }

    fn pid(number: i32) -> Pid {
        Pid::from_raw(number).expect("a number of a process")
    }
}

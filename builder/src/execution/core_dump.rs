//! Core dumps of a launched program: a dump would be a copy of it.

use rustix::process::{Resource, Rlimit, getrlimit};

/// The limit for core dumps that a launched program gets.
///
/// It is 1 and not 0: the kernel hands dumps to a pipe handler (`kernel.core_pattern = |…`) even
/// with a limit of 0, and refuses both kinds of dumps with a limit of 1 (fs/coredump.c). Where
/// the hard limit is already 0 only root may raise it, and 0 must do.
pub(super) fn limit() -> Rlimit {
    let allowed = getrlimit(Resource::Core).maximum.unwrap_or(u64::MAX);
    let value = if rustix::process::geteuid().is_root() { 1 } else { allowed.min(1) };
    Rlimit { current: Some(value), maximum: Some(value) }
}

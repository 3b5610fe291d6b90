//! A process to which the kernel seems to do what it is asked for, and does not: a filter answers
//! some system calls with success in the kernel's place (seccomp(2)).

use std::ffi::c_long;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// `CALL PROGRAM [ARGUMENT…]`: executes a program to which `prctl` or `fchmod` seems to succeed.
#[expect(unsafe_code, reason = "there is no safe interface to seccomp")]
pub(crate) fn play(arguments: &[String]) -> ExitCode {
    let (call, program) = arguments.split_first().unwrap();
    let filter = match call.as_str() {
        "prctl" => answer_two(libc::SYS_prctl, libc::PR_SET_DUMPABLE, libc::PR_GET_DUMPABLE),
        "fchmod" => answer(libc::SYS_fchmod),
        other => panic!("no call {other}"),
    };
    let program_of_the_filter = libc::sock_fprog {
        len: filter.len().try_into().unwrap(),
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: the pointer is to a valid structure, whose pointer is to as many instructions as it
    // says; the kernel copies them.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let mode = libc::SECCOMP_MODE_FILTER;
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program_of_the_filter), 0);
    }
    panic!("{}", Command::new(&program[0]).args(&program[1..]).exec())
}

/// Offsets in `struct seccomp_data`: the number of the call, and the low half of its first argument.
const NUMBER: u32 = 0;
const FIRST_ARGUMENT: u32 = 16;

fn statement(code: u32, value: u32) -> libc::sock_filter {
    libc::sock_filter { code: code.try_into().unwrap(), jt: 0, jf: 0, k: value }
}

/// Jumps over so many instructions if the accumulator is the value, or if it is not.
fn jump(value: u32, if_equal: u8, otherwise: u8) -> libc::sock_filter {
    let code = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K).try_into().unwrap();
    libc::sock_filter { code, jt: if_equal, jf: otherwise, k: value }
}

fn load(offset: u32) -> libc::sock_filter {
    statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset)
}

fn conclude(action: u32) -> libc::sock_filter {
    statement(libc::BPF_RET | libc::BPF_K, action)
}

fn number(call: c_long) -> u32 {
    call.try_into().unwrap()
}

/// Answers a call with 0.
fn answer(call: c_long) -> Vec<libc::sock_filter> {
    vec![
        load(NUMBER),
        jump(number(call), 0, 1),
        conclude(libc::SECCOMP_RET_ERRNO),
        conclude(libc::SECCOMP_RET_ALLOW),
    ]
}

/// Answers a call with 0 for two values of its first argument.
fn answer_two(call: c_long, one: i32, two: i32) -> Vec<libc::sock_filter> {
    vec![
        load(NUMBER),
        jump(number(call), 0, 4),
        load(FIRST_ARGUMENT),
        jump(one.try_into().unwrap(), 1, 0),
        jump(two.try_into().unwrap(), 0, 1),
        conclude(libc::SECCOMP_RET_ERRNO),
        conclude(libc::SECCOMP_RET_ALLOW),
    ]
}

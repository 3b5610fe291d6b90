//! The command `trybuy`.

fn main() -> std::process::ExitCode {
    trybuy::main()
}

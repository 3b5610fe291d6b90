//! The server of trybuy, and the command line of those who publish.

pub mod vendor_cli;

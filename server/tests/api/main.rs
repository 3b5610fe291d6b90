//! The HTTP API of the catalog role, tried over real connections against a server in this process with a
//! clock that is moved by hand, and against the real program where processes matter.

mod catalog;
mod connections;
mod document;
mod downloads;
mod licensing;
mod offline;
mod process;
mod publishing;
mod registration;
mod signatures;
mod support;
mod vendors;

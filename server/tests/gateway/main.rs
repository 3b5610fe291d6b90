//! The gateway as a proxy, tried over real connections: TLS to it, HTTP/1.1 and HTTP/2 through it, a real
//! service behind it.

mod bodies;
mod certificates;
mod failures;
mod forwarding;
mod holding;
mod smuggling;
mod stopping;
mod support;
mod tunnels;

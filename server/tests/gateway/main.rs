//! The gateway as a proxy, tried over real connections: TLS to it, HTTP/1.1 and HTTP/2 through it, a real
//! service behind it; and as the one who asks for licenses.

mod bodies;
mod certificates;
mod direct;
mod failures;
mod forwarding;
mod health;
mod held;
mod holding;
mod license_server;
mod licenses;
mod records;
mod smuggling;
mod stopping;
mod support;
mod tunnels;

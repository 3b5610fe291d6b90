//! Tables of routes: each role has one.

use axum::Router;
use axum::http::Method;
use axum::routing::MethodRouter;

use crate::app::RoleState;
use crate::middleware;

/// One address and method of a role.
pub struct Route<S> {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    pub(crate) length: Length,
    pub(crate) handler: MethodRouter<S>,
}

/// How long an answer may take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// The configured time.
    Short,
    /// As long as something moves: an upload or a download.
    Long,
}

/// The routes of a table with all middleware.
pub fn router<S: RoleState>(routes: Vec<Route<S>>, state: &S) -> Router {
    let mut short = Router::new();
    let mut long = Router::new();
    for route in routes {
        match route.length {
            Length::Short => short = short.route(route.path, route.handler),
            Length::Long => long = long.route(route.path, route.handler),
        }
    }
    middleware::apply(short, long, state)
}

/// Declares a table of routes: `method length path => handler`.
macro_rules! routes {
    ($($method:ident $length:ident $path:literal => $handler:path,)*) => {
        vec![$($crate::routes::Route {
            method: axum::http::Method::$method,
            path: $path,
            length: $crate::routes::Length::$length,
            handler: axum::routing::on(axum::routing::MethodFilter::$method, $handler),
        },)*]
    };
}
pub(crate) use routes;

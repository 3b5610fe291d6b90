//! The addresses of a license server: one handler a file.

mod answer_response;
mod license_for_gateway;
mod report_seen;
mod request_license;
mod show_health;
mod show_license_server;
mod show_revocations;
mod signed_gateway;
mod upgrade_license;

pub use self::answer_response::answer_response;
pub use self::license_for_gateway::license_for_gateway;
pub use self::report_seen::report_seen;
pub use self::request_license::request_license;
pub use self::show_health::show_health;
pub use self::show_license_server::show_license_server;
pub use self::show_revocations::show_revocations;
pub use self::upgrade_license::upgrade_license;

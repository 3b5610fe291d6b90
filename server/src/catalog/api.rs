//! The handlers of the catalog.

mod list_applications;
mod show_application;
mod show_health;
mod show_server;

pub use self::list_applications::list_applications;
pub use self::show_application::show_application;
pub use self::show_health::show_health;
pub use self::show_server::show_server;

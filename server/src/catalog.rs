//! The catalog of applications (T&B Fig. 2), and what the server says of itself.

pub mod api;
mod applications;

pub use self::applications::{CatalogError, application_details, catalog_page};

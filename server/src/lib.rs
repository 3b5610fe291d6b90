//! The server of trybuy: the information server 104 of the source, with its catalog of applications
//! 132, the trial licensing program 134, the encryption module 135 and the server's keys 137.
//!
//! Layers, in one direction only: handlers (`api`) call services, services call [`store`], [`blobs`]
//! and `trybuy_formats`. Handlers extract, authorise, call and map; services know no HTTP types.
//!
//! | module | holds |
//! |---|---|
//! | [`app`] | what every handler reaches: configuration, keys, store, blobs, clock |
//! | [`routes`], [`router`], [`middleware`], [`serving`] | tables of routes; the catalog's; all middleware; the connections |
//! | [`auth`] | who sent a request: signed Builders (`RQ`), vendors with a token |
//! | [`catalog`], [`builders`], [`trials`], [`vendors`] | what the catalog role does |
//! | [`clearinghouse`] | what the clearinghouse role does |
//! | [`webhooks`] | what vendors are told, and the worker that tells it |
//! | [`license_server`] | the license server 28 of the licensing system |
//! | [`offline`] | the same for machines without a network, by files |
//! | [`gateway`] | what the gateway role does |
//! | [`store`] | the only SQL |
//! | [`blobs`] | the only storage of programs |
//! | [`mail`] | the only way mails leave |
//! | [`cli`], [`vendor_cli`] | the command lines of operators and of those who publish |

pub mod app;
pub mod auth;
pub mod blobs;
pub mod builders;
pub mod catalog;
pub mod clearinghouse;
pub mod cli;
pub mod clock;
pub mod config;
mod csv;
pub mod data_dir;
pub mod error;
pub mod extract;
pub mod gateway;
pub mod health;
pub mod keys;
pub mod license_server;
pub mod mail;
pub mod middleware;
pub mod offline;
pub mod openapi;
pub mod rate_limits;
pub mod refusal;
pub mod router;
pub mod routes;
pub mod serving;
pub mod store;
pub mod trials;
mod typed_code;
mod usage;
pub mod vendor_cli;
pub mod vendors;
pub mod webhooks;

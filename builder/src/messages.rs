//! The catalogue of what the Builder says: refusals and failures here, notices in [`notices`],
//! single words and units in [`words`]. Elsewhere are the help of the command line
//! ([`crate::cli`]), the labels of what a command prints, and details that a message takes as an
//! argument, such as what is strange about an answer.
//!
//! Every failure says what happened, then what to do.

pub mod notices;
pub mod words;

mod command_line;
mod library;
mod licensing;
mod local;
mod offline;
mod refusals;
mod server;
mod setup;
mod terms;

pub(crate) use command_line::{
    address_missing, answer_refused, bad_address, flag_missing, unencrypted_address, usage,
};
pub(crate) use library::{
    key_missing, no_such_release, not_installed, platform_unsupported, purchase_over,
    remove_needs_a_flag, trial_of_another_release,
};
pub(crate) use licensing::{
    GATEWAY_ADDRESS, authority_changed, cached_license_damaged, cannot_listen, door_failed,
    export_over_a_file, gateway_help, gateway_not_encrypted, gateway_record_damaged,
    gateway_unreachable, license_not_stored, license_refused, license_unusable, no_ca,
    no_free_license, no_license_but, no_seat_key, no_such_license, refused_again,
    refused_and_not_kept, renewal_unreachable, several_licenses, strange_gateway,
};
pub(crate) use local::{
    busy, disk_full, local_file, no_home, not_a_file, output_lost, unreadable_file,
};
pub(crate) use offline::{
    another_file, answer_over_request, carried_file, carried_file_incomplete, carried_file_refused,
    carried_missing, head_without_file, help_by_file, offline_key_missing,
    offline_needs_application, other_request, request_missing, request_unusable, response_missing,
    response_unusable, time_answer_of_another_start,
};
pub(crate) use refusals::{
    clock_first, clock_set_back, clock_state_damaged, execution, file_of_another, file_problem,
    refusal, state_problem,
};
pub(crate) use server::{
    download_broken, download_unstable, no_certificates, problem, server_key_changed,
    server_unreachable, strange_answer,
};
pub(crate) use setup::{
    already_set_up, key_generation, no_builder_key, no_builder_license, not_set_up,
    pinned_key_damaged,
};
pub(crate) use terms::{
    builder_terms_changed, terms_declined, terms_need_a_code, terms_need_a_flag, terms_need_a_name,
};

//! What the store promises, tried on both databases: each case runs once on SQLite and once on
//! PostgreSQL, each time in a database of its own.
//!
//! PostgreSQL is the one that `TRYBUY_TEST_POSTGRES` names, or a throw-away cluster. Where neither
//! can be had its cases are listed as ignored; with `CI=true` they fail.

mod acceptance_codes;
mod blocks;
mod builders;
mod catalog;
mod classes;
mod clearinghouse;
mod email_codes;
mod gifts;
mod grants;
mod harness;
mod license_adoptions;
mod license_records;
mod license_revocations;
mod license_samples;
mod license_upgrades;
mod licenses;
mod people;
mod policies;
mod profiles;
mod publication;
mod purchase_keys;
mod purchases;
mod requests;
mod revisions;
mod samples;
mod schema;
mod seen_licenses;
mod trials;
mod vendors;
mod webhooks;

use std::process::ExitCode;

use harness::{Case, case};

fn main() -> ExitCode {
    harness::run(&cases())
}

fn cases() -> Vec<Case> {
    vec![
        case!(schema::migrating_again_changes_nothing),
        case!(schema::a_database_that_was_never_migrated_is_refused),
        case!(schema::a_database_of_a_newer_schema_is_refused),
        case!(schema::what_was_committed_is_there_after_reconnecting),
        case!(schema::a_commit_is_waited_for_whatever_the_database_is_set_up_to),
        case!(schema::several_may_migrate_at_once),
        case!(schema::uses_of_keys_are_known_from_before_they_were_recorded),
        case!(schema::orders_of_packs_are_known_from_before_they_were_columns),
        case!(schema::upgrades_are_known_to_be_a_clients_from_before_they_said_so),
        case!(vendors::a_token_leads_to_its_vendor),
        case!(vendors::two_tokens_of_one_name_have_one_vendor),
        case!(vendors::an_unknown_or_revoked_token_leads_nowhere),
        case!(vendors::tokens_made_at_once_share_their_vendor),
        case!(vendors::all_tokens_are_listed),
        case!(publication::the_first_release_creates_the_application),
        case!(publication::a_new_application_needs_a_policy),
        case!(publication::another_vendor_is_refused),
        case!(publication::the_same_release_again_changes_nothing),
        case!(publication::another_content_under_the_same_version_is_refused),
        case!(publication::an_older_release_leaves_the_texts_alone),
        case!(publication::a_pre_release_is_the_newest_only_where_there_is_nothing_else),
        case!(publication::it_is_known_which_blobs_are_in_use),
        case!(publication::replaced_terms_can_still_be_read),
        case!(publication::the_policy_stays_until_its_vendor_sets_it),
        case!(publication::texts_come_back_byte_for_byte),
        case!(publication::releases_published_at_once_are_all_there),
        case!(publication::of_two_contents_at_once_one_is_published),
        case!(publication::a_release_is_found_by_version_or_as_the_newest),
        case!(publication::a_vendor_sees_only_own_releases),
        case!(catalog::pages_follow_each_other_without_gaps),
        case!(catalog::every_word_has_to_match_in_any_case),
        case!(catalog::signs_of_patterns_are_plain_characters),
        case!(catalog::a_platform_selects_applications),
        case!(catalog::the_newest_version_is_shown_with_its_platforms),
        case!(builders::a_builder_comes_back_as_it_registered),
        case!(builders::registering_again_answers_the_same_builder),
        case!(builders::a_key_of_another_builder_is_refused),
        case!(builders::registrations_at_once_make_one_builder),
        case!(builders::an_address_has_one_licensee),
        case!(builders::registrations_at_once_make_one_licensee),
        case!(builders::a_renewed_license_ends_later),
        case!(builders::a_revoked_license_is_not_renewed),
        case!(acceptance_codes::a_code_is_accepted_once),
        case!(acceptance_codes::a_code_is_good_for_its_license_application_and_time_only),
        case!(acceptance_codes::the_newest_code_for_an_application_counts),
        case!(acceptance_codes::of_grants_at_once_with_one_code_one_succeeds),
        case!(email_codes::the_right_code_verifies_the_address_once),
        case!(email_codes::a_code_is_tried_five_times),
        case!(email_codes::a_code_expires_and_a_newer_one_replaces_it),
        case!(email_codes::of_tries_at_once_no_more_than_five_are_looked_at),
        case!(blocks::a_block_is_for_one_vendor),
        case!(blocks::a_block_is_found_by_licensee_address_and_domain),
        case!(blocks::pages_of_blocks_follow_each_other),
        case!(people::everything_about_a_person_is_shown),
        case!(people::a_deleted_person_is_still_counted),
        case!(people::nobody_else_is_deleted),
        case!(trials::a_trial_comes_back_with_its_head),
        case!(trials::the_first_delivery_is_remembered),
        case!(trials::the_first_report_of_a_first_run_counts),
        case!(trials::a_license_lists_its_trials_newest_first),
        case!(trials::a_trial_of_an_unknown_release_is_not_recorded),
        case!(grants::a_running_trial_is_answered_instead_of_another),
        case!(grants::trials_are_counted_per_licensee_and_application),
        case!(grants::a_purchase_counts_as_no_trial),
        case!(grants::fifty_requests_at_once_make_one_trial),
        case!(grants::what_does_not_count_is_no_limit_reached),
        case!(grants::fifty_builders_of_a_licensee_get_the_maximum_at_once),
        case!(grants::a_grant_that_is_dropped_leaves_all_or_nothing),
        case!(grants::a_failing_grant_takes_no_other_along),
        case!(grants::a_refused_code_leaves_nothing),
        case!(gifts::a_gift_shortens_nothing),
        case!(gifts::what_has_no_end_is_given_none),
        case!(gifts::only_who_asked_for_the_application_is_given_anything),
        case!(gifts::only_the_newest_trial_of_a_builder_goes_on),
        case!(gifts::trials_that_are_given_add_up_to_a_thousand),
        case!(gifts::gifts_at_once_are_all_given),
        case!(gifts::a_purchase_takes_nothing_of_what_was_given_meanwhile),
        case!(purchase_keys::keys_are_listed_in_pages_as_they_were_made),
        case!(purchase_keys::a_key_is_one_of_its_own_application),
        case!(purchase_keys::keys_are_made_together_or_not_at_all),
        case!(purchase_keys::nothing_is_bought_with_a_revoked_key),
        case!(purchase_keys::a_key_is_revoked_or_bought_with_and_not_both),
        case!(purchase_keys::the_licenses_of_a_revoked_key_end_where_that_is_wanted),
        case!(purchases::a_trial_becomes_a_license),
        case!(purchases::of_buyers_at_once_with_one_key_one_gets_the_license),
        case!(purchases::a_key_is_used_on_as_many_builders_as_it_is_for),
        case!(purchases::a_builder_that_goes_on_with_another_key_still_uses_the_first),
        case!(purchases::what_was_decided_on_something_older_is_not_done),
        case!(purchases::a_purchase_that_is_sent_again_changes_nothing),
        case!(purchases::a_purchase_is_no_trial_that_was_used),
        case!(requests::an_owner_sees_who_asked_in_order),
        case!(requests::requests_of_one_second_are_paged_without_gaps),
        case!(webhooks::each_event_becomes_one_delivery),
        case!(webhooks::what_is_committed_late_is_not_missed),
        case!(webhooks::processes_at_once_make_one_delivery_and_one_claims_it),
        case!(webhooks::a_lease_runs_out_and_its_holder_is_late),
        case!(webhooks::a_purchase_is_told_once_and_is_no_expired_trial),
        case!(webhooks::a_license_that_is_given_is_told_once_for_all_builders),
        case!(webhooks::a_refusal_is_told_once_a_day),
        case!(webhooks::a_vendor_has_ten_webhooks),
        case!(webhooks::a_disabled_webhook_is_told_nothing_until_it_is_enabled),
        case!(webhooks::old_deliveries_leave_the_log),
        case!(policies::the_order_of_precedence),
        case!(policies::a_policy_is_that_of_its_own_application),
        case!(policies::a_change_that_cannot_be_is_not_recorded),
        case!(policies::a_policy_is_set_in_place_of_what_is_there),
        case!(policies::an_application_has_a_bounded_number_of_policies),
        case!(policies::changes_are_listed_newest_first),
        case!(policies::a_requester_is_known_by_id_and_address),
        case!(classes::classes_are_listed_by_rank_and_name),
        case!(classes::a_class_with_a_policy_is_not_removed),
        case!(classes::a_class_never_goes_while_it_gets_a_policy),
        case!(classes::a_class_never_goes_while_it_gets_a_member),
        case!(classes::classes_belong_to_their_vendor),
        case!(classes::classes_and_members_are_bounded),
        case!(profiles::profiles_are_kept_by_name),
        case!(profiles::profiles_are_bounded),
        case!(profiles::a_profile_is_set_in_place_of_what_is_there),
        case!(revisions::a_revision_makes_another_head_due),
        case!(revisions::what_changed_meanwhile_is_not_revised),
        case!(revisions::a_head_that_is_made_while_a_trial_is_revised_is_not_the_last),
        case!(revisions::trials_to_be_revised_come_in_pages),
        case!(clearinghouse::an_offer_comes_back_until_it_is_withdrawn),
        case!(clearinghouse::the_same_order_again_is_the_same_order),
        case!(clearinghouse::a_license_server_has_a_hundred_unpaid_orders),
        case!(clearinghouse::payments_add_up_and_the_last_one_issues_the_pack),
        case!(clearinghouse::a_payment_counts_once_and_in_its_currency),
        case!(clearinghouse::nothing_is_issued_for_a_cancelled_order),
        case!(clearinghouse::a_pack_that_cannot_be_made_leaves_no_payment),
        case!(clearinghouse::of_payments_at_once_one_issues_the_pack),
        case!(clearinghouse::serial_numbers_of_packs_never_overlap),
        case!(clearinghouse::a_payment_that_is_dropped_leaves_all_or_nothing),
        case!(licenses::a_pack_is_installed_once),
        case!(licenses::more_clients_than_seats_get_no_more_than_there_are),
        case!(licenses::the_same_client_at_once_gets_one_seat),
        case!(licenses::a_temporary_license_is_issued_once_ever),
        case!(licenses::an_upgrade_uses_exactly_one_upgrade_license),
        case!(licenses::an_upgraded_seat_that_was_given_back_is_granted_with_its_upgrade),
        case!(licenses::requests_at_once_take_each_seat_with_one_upgrade),
        case!(licenses::a_temporary_license_is_given_only_for_what_was_bought),
        case!(licenses::a_license_has_the_features_that_are_wanted),
        case!(licenses::an_upgrade_has_the_features_of_what_it_upgrades),
        case!(licenses::a_temporary_license_has_the_features_that_are_wanted),
        case!(licenses::a_revoked_seat_is_granted_again),
        case!(licenses::a_client_whose_license_was_revoked_gets_none_until_it_is_readmitted),
        case!(licenses::who_is_barred_keeps_no_temporary_license),
        case!(licenses::an_order_has_the_pack_that_was_made_for_it),
        case!(licenses::an_order_has_one_pack),
        case!(licenses::a_listed_license_says_what_has_become_of_it),
        case!(licenses::an_upgrade_counts_as_bought_where_there_is_something_to_upgrade),
        case!(licenses::an_order_counts_however_much_else_was_ordered_since),
        case!(licenses::a_temporary_license_is_replaced_by_what_is_for_the_same),
        case!(licenses::a_temporary_license_is_for_its_platform_type),
        case!(licenses::a_license_for_which_there_is_an_upgrade_is_upgraded),
        case!(licenses::requests_of_one_client_at_once_build_on_each_other),
        case!(licenses::requests_at_once_go_on_with_the_next_pack),
        case!(licenses::packs_have_their_dates_versions_and_platforms),
        case!(licenses::the_least_sufficient_license_is_taken_first),
        case!(licenses::a_newer_license_does_for_an_older_version),
        case!(licenses::a_challenge_is_used_once_whatever_came_of_it),
        case!(licenses::a_challenge_that_was_forgotten_is_answered_by_no_clock),
        case!(licenses::a_failing_license_takes_no_other_along),
        case!(licenses::licenses_are_found_by_pack_and_client_and_free_ones_by_number),
        case!(license_records::records_in_order_are_found_to_be),
        case!(license_records::whatever_is_done_to_a_record_is_found),
        case!(license_records::records_that_are_cut_off_are_found_by_the_mark),
        case!(license_records::an_end_of_the_records_that_was_removed_is_named),
        case!(license_records::records_are_found_by_what_they_are_about),
        case!(license_records::a_restored_store_allocates_nothing_and_issues_again),
        case!(license_records::a_seat_that_was_granted_twice_is_told_of_until_somebody_accepts_it),
        case!(license_records::an_acceptance_comes_after_every_one_that_was_shown),
        case!(license_records::an_end_that_the_records_do_not_say_is_none),
        case!(license_records::what_a_gateway_has_seen_is_assigned_again),
        case!(
            license_records::what_is_presented_for_another_product_counts_for_requests_of_the_same_commit
        ),
        case!(license_records::a_seat_is_not_free_while_a_client_has_a_later_license_of_it),
        case!(license_records::an_upgrade_of_a_license_that_had_ended_is_assigned_again),
        case!(license_records::a_license_that_was_signed_anew_since_the_backup_stays_the_one),
        case!(license_revocations::a_replaced_certificate_is_superseded_and_one_taken_back_is_withdrawn),
        case!(license_revocations::what_a_revocation_takes_besides_is_withdrawn),
        case!(license_revocations::what_was_listed_before_reasons_were_kept_has_none),
        case!(license_adoptions::a_license_that_was_upgraded_only_in_features_stays_good),
        case!(
            license_adoptions::what_an_upgrade_replaced_is_revoked_also_where_the_upgrade_is_used_twice
        ),
        case!(license_adoptions::what_a_license_was_before_its_upgrade_is_good_no_more),
        case!(license_adoptions::a_license_that_was_issued_again_after_its_upgrade_had_ended_stays_good),
        case!(license_adoptions::an_upgrade_that_had_ended_before_a_license_was_issued_again_replaces_nothing),
        case!(license_adoptions::an_upgrade_that_a_license_goes_back_to_is_used_once),
        case!(seen_licenses::licenses_of_one_second_are_told_once_each_in_pages_of_any_size),
        case!(seen_licenses::what_was_seen_before_each_certificate_was_kept_is_told_still),
        case!(license_upgrades::a_license_whose_upgrade_has_ended_is_issued_again_as_what_it_was),
        case!(license_upgrades::what_a_license_was_before_an_upgrade_that_ends_sooner_stays_good_as_long_as_the_license),
        case!(license_upgrades::an_upgrade_replaces_every_certificate_of_the_license_that_ends_no_later),
        case!(license_upgrades::every_way_of_asking_finds_what_a_license_was_before_its_upgrade),
        case!(license_upgrades::an_upgrade_that_takes_nothing_away_is_used_first_and_else_the_last_to_end),
        case!(license_upgrades::a_license_goes_back_from_upgrade_to_upgrade_and_each_takes_nothing_away),
        case!(license_upgrades::each_license_of_a_client_goes_back_to_what_it_was_itself),
        case!(license_upgrades::of_two_clients_with_one_license_each_has_its_own_upgrades),
        case!(license_adoptions::two_certificates_of_the_same_license_are_both_good_until_it_is_revoked),
        case!(license_adoptions::every_certificate_of_a_temporary_license_is_revoked_with_it),
        case!(license_adoptions::both_certificates_of_a_license_are_replaced_by_its_upgrade),
    ]
}

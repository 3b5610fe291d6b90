//! What is said of licenses where it is easily misunderstood.

use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::ids::{PackId, SeatLicenseId};
use trybuy_formats::instant::Span;
use trybuy_formats::licensing::seat_license::SeatLicense;
use trybuy_formats::slug::Slug;

use crate::gateway::{Gateway, PRODUCT};
use crate::world::said;

/// A license that is upgraded and issued again keeps its seat.
fn of_one_seat(license: &mut SeatLicense) {
    let pack: PackId = "0199f3a2-7c1e-7d52-9a3b-2f6c1f0e8d11".parse().expect("an id");
    (license.pack_id, license.license_id) = (Some(pack), SeatLicenseId::of_pack(pack, 7, 0));
}

#[test]
fn where_an_upgrade_has_ended_it_is_said_what_the_license_is_now() {
    for command in [&["license", "request"][..], &["license", "renew"]] {
        let gateway = Gateway::start();
        gateway.script().change = |license| {
            of_one_seat(license);
            license.features = vec!["pdf".parse().expect("a label")];
        };
        gateway.request();
        gateway.let_end();
        {
            let mut script = gateway.script();
            script.version = "4.0.0";
            (script.outcome, script.change) = (LicenseOutcome::Reissued, of_one_seat);
        }
        let said = match command {
            [_, "request"] => gateway.request(),
            renew => gateway.good(renew),
        };
        let now = format!("Your license is for {PRODUCT} 4.0.0");
        for words in ["The upgrade of your license", "to version 5.0.0 with pdf ended on", &now] {
            assert!(said.err.contains(words), "{words}\n{}", said.err);
        }
        assert!(!said.err.contains("issued again"), "{}", said.err);
    }
}

#[test]
fn a_license_that_ended_and_comes_again_is_no_upgrade_that_ended() {
    let gateway = Gateway::start();
    gateway.script().change = of_one_seat;
    gateway.request();
    gateway.let_end();
    gateway.script().outcome = LicenseOutcome::Reissued;
    let said = gateway.request();
    assert!(said.err.contains("was issued again"), "{}", said.err);
    assert!(!said.err.contains("upgrade"), "{}", said.err);
}

#[test]
fn a_license_that_comes_with_another_time_may_be_of_a_wrong_clock_on_either_side() {
    let gateway = Gateway::start();
    gateway.script().change =
        |license| license.issued_at = license.issued_at.plus(Span::seconds(2 * 86_400));
    let said = gateway.request_refused(Slug::LicenseNotActive);
    for words in ["this computer's clock", "that of the license server"] {
        assert!(said.err.contains(words), "{words}\n{}", said.err);
    }
}

#[test]
fn a_gateway_with_a_fault_is_told_from_an_address_of_no_gateway() {
    let gateway = Gateway::start();
    const STEPS: [&str; 3] = ["gateway", "license-requests", "challenge-responses"];
    for refused in STEPS.map(|step| (step, Slug::ServerError)) {
        gateway.script().refused = Some(refused);
        let said = gateway.request_refused(Slug::ServerError).err;
        for words in ["help: the gateway has a fault", "try again later", "tell its operator"] {
            assert!(said.contains(words), "{words}\n{said}");
        }
        assert!(!said.contains("address"), "{said}");
    }
    gateway.script().refused = None;
    gateway.script().shown = Some("none".to_owned());
    let said = gateway.request_refused(Slug::ServerError).err;
    assert!(said.contains("help: check the address"), "{said}");
}

#[test]
fn without_a_subcommand_the_help_is_printed_as_it_is() {
    let gateway = Gateway::start();
    let mut command = gateway.command(&["license"]);
    let said = said(&command.env_remove("TRYBUY_DATA_DIR").output().expect("started"));
    assert_eq!((said.code, said.out.as_str()), (2, ""), "{}", said.err);
    for line in ["Usage: trybuy license", "Commands:", "  remove   "] {
        assert!(said.err.lines().any(|it| it.starts_with(line)), "{line}\n{}", said.err);
    }
    assert!(!said.err.contains("error["), "{}", said.err);
}

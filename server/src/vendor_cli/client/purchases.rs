//! Purchase keys and gifts.

use reqwest::Method;
use trybuy_formats::api::{CreateKeys, GiftAnswer, GiveLicensee, KeysAnswer};
use trybuy_formats::ids::ApplicationId;

use super::{Client, PAGE};
use crate::vendor_cli::failure::Failure;

/// Every function fails with what the server answers, or that it does not answer.
impl Client {
    /// Makes purchase keys.
    pub(in crate::vendor_cli) fn create_keys(
        &self,
        application: &ApplicationId,
        wanted: &CreateKeys,
    ) -> Result<KeysAnswer, Failure> {
        self.json(self.of_application(Method::POST, application, &["keys"]).json(wanted))
    }

    /// One page of the keys of an application; the first one without `after`.
    pub(in crate::vendor_cli) fn keys(
        &self,
        application: &ApplicationId,
        after: Option<&str>,
    ) -> Result<KeysAnswer, Failure> {
        let request = self.of_application(Method::GET, application, &["keys"]);
        let request = request.query(&[("limit", PAGE)]);
        self.json(match after {
            Some(after) => request.query(&[("after", after)]),
            None => request,
        })
    }

    /// Revokes a key.
    pub(in crate::vendor_cli) fn revoke_key(
        &self,
        id: &str,
        end_licenses: bool,
    ) -> Result<(), Failure> {
        let request = self.request(Method::DELETE, &["vendor", "keys", id]);
        self.done(request.query(&[("end_licenses", end_licenses)]))
    }

    /// Gives something to one licensee.
    pub(in crate::vendor_cli) fn give(
        &self,
        application: &ApplicationId,
        request: &GiveLicensee,
    ) -> Result<GiftAnswer, Failure> {
        self.json(self.of_application(Method::POST, application, &["grants"]).json(request))
    }
}

//! The operations.

use axum::http::Method;
use serde_json::{Map, Value, json};

/// One operation: a method of a path.
pub struct Operation {
    /// The method.
    pub method: Method,
    /// The path, as in the table of routes.
    pub path: &'static str,
    id: &'static str,
    summary: &'static str,
    access: Access,
    parameters: &'static [(&'static str, &'static str, &'static str)],
    request: Option<&'static str>,
    answers: &'static [(u16, Answer)],
}

/// Who may ask.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Anybody,
    /// A Builder that signs.
    Builder,
    /// A vendor with a token.
    Vendor,
}

/// What is answered.
#[derive(Clone, Copy)]
pub enum Answer {
    /// JSON of that schema.
    Json(&'static str),
    /// JSON of that schema, or a table.
    JsonOrCsv(&'static str),
    /// Any JSON.
    AnyJson,
    /// Bytes.
    Bytes,
    /// No body.
    Empty,
}

const AFTER: (&str, &str, &str) = ("query", "after", "Cursor");
const LIMIT: (&str, &str, &str) = ("query", "limit", "PageLimit");
const RANGES: &[(&str, &str, &str)] = &[
    ("path", "capability", "Capability"),
    ("header", "Range", "Text"),
    ("header", "If-Range", "Text"),
    ("header", "If-Match", "Text"),
    ("header", "If-None-Match", "Text"),
];
const RANGE_ANSWERS: &[(u16, Answer)] =
    &[(200, Answer::Bytes), (206, Answer::Bytes), (304, Answer::Empty)];

/// Declares the table: `METHOD "path" id Access [parameters] (request) => answers "summary"`.
macro_rules! operations {
    ($($method:ident $path:literal $id:ident $access:ident $parameters:expr, $request:expr => $answers:expr, $summary:literal;)*) => {
        vec![$(Operation {
            method: Method::$method,
            path: $path,
            id: stringify!($id),
            summary: $summary,
            access: Access::$access,
            parameters: $parameters,
            request: $request,
            answers: $answers,
        },)*]
    };
}

/// All of them.
pub fn operations() -> Vec<Operation> {
    use Answer::{AnyJson, Empty, Json, JsonOrCsv};
    operations![
        GET "/healthz" show_health Anybody &[], None => &[(200, Json("Health"))],
            "Whether the server can answer";
        GET "/api/v1/openapi.json" show_document Anybody &[], None => &[(200, AnyJson)],
            "This document";
        GET "/api/v1/server" show_server Anybody &[], None => &[(200, Json("ServerInfo"))],
            "What has to be known of the server before anything else";
        GET "/api/v1/applications" list_applications Anybody
            &[("query", "q", "Text"), ("query", "platform", "Platform"), AFTER, LIMIT], None
            => &[(200, Json("ApplicationPage"))], "Lists the applications in which all words occur";
        GET "/api/v1/applications/{id}" show_application Anybody &[("path", "id", "ApplicationId")], None
            => &[(200, Json("ApplicationDetails"))], "Shows one application with its texts and releases";
        POST "/api/v1/builders" register_builder Builder &[], Some("RegisterBuilder")
            => &[(201, Json("BuilderLicenseAnswer")), (200, Json("BuilderLicenseAnswer"))],
            "Registers a Builder; 200 where it was registered before with the same keys";
        POST "/api/v1/builders/license" renew_license Builder &[], Some("RenewBuilderLicense")
            => &[(200, Json("BuilderLicenseAnswer"))], "Renews a Builder's license";
        POST "/api/v1/builders/time" sign_time Builder &[], Some("AskTime")
            => &[(200, Json("TimeAnswer"))], "Signs the time for one question";
        POST "/api/v1/builders/email-codes" send_email_code Builder &[], None
            => &[(200, Json("EmailCodeAnswer"))],
            "Sends a code to the e-mail address of the Builder that asks";
        POST "/api/v1/builders/email" verify_email Builder &[], Some("VerifyEmail")
            => &[(200, Json("VerifiedEmail"))], "Verifies that address with the code";
        POST "/api/v1/offline" answer_offline_request Anybody &[], Some("OfflineRequest")
            => &[(200, Json("OfflineResponse"))],
            "Answers the request file of a machine without a network";
        POST "/api/v1/applications/{id}/acceptance-codes" create_acceptance_code Builder
            &[("path", "id", "ApplicationId")], None => &[(200, Json("AcceptanceCode"))],
            "Shows a code to be typed back as acceptance of the terms";
        POST "/api/v1/applications/{id}/trials" request_trial Builder &[("path", "id", "ApplicationId")],
            Some("RequestTrial") => &[(201, Json("TrialAnswer")), (200, Json("TrialAnswer"))],
            "Requests a trial; 200 where there is one";
        POST "/api/v1/applications/{id}/purchases" buy_application Builder
            &[("path", "id", "ApplicationId")], Some("BuyApplication")
            => &[(201, Json("TrialAnswer")), (200, Json("TrialAnswer"))],
            "Redeems a purchase key; 200 where a trial becomes the license, or has become it before";
        POST "/api/v1/applications/{id}/offer" show_offer Builder
            &[("path", "id", "ApplicationId")], None => &[(200, Json("OfferAnswer"))],
            "Shows what a trial would be for the Builder that asks";
        GET "/api/v1/trials" list_trials Builder &[], None => &[(200, Json("TrialsAnswer"))],
            "Lists the trials of the Builder that asks";
        GET "/api/v1/trials/{id}" show_trial Builder &[("path", "id", "Id")], None
            => &[(200, Json("TrialAnswer"))], "Shows a trial with the address of its file";
        POST "/api/v1/trials/{id}/first-run" report_first_run Builder &[("path", "id", "Id")],
            Some("FirstRun") => &[(200, Json("FirstRun"))],
            "Reports the day on which a trial was run for the first time";
        GET "/d/{capability}" download_file Anybody
            RANGES, None
            => RANGE_ANSWERS, "Downloads a transmission file or a part of it";
        GET "/d/{capability}/head" download_head Anybody
            RANGES, None
            => RANGE_ANSWERS, "Downloads the head of a file in the leading layout";
        PUT "/api/v1/vendor/applications/{id}/releases/{version}/{platform}" publish_release Vendor
            &[("path", "id", "ApplicationId"), ("path", "version", "Version"),
                ("path", "platform", "Platform"), ("header", "Trial-Policy", "TrialPolicy")],
            Some("ServerFormat") => &[(201, Json("PublishAnswer")), (200, Json("PublishAnswer"))],
            "Publishes a release; 200 where the same one was there";
        GET "/api/v1/vendor/releases" list_releases Vendor
            &[("query", "application", "ApplicationId")], None => &[(200, Json("ReleasesAnswer"))],
            "Lists the vendor's releases";
        GET "/api/v1/vendor/applications/{id}/policies" list_policies Vendor
            &[("path", "id", "ApplicationId"), ("query", "licensee", "Subject")], None
            => &[(200, Json("PolicyAnswer"))],
            "Lists the policies of an application, or those that concern one licensee, by precedence";
        PUT "/api/v1/vendor/applications/{id}/policies/{scope}" set_policy Vendor
            &[("path", "id", "ApplicationId"), ("path", "scope", "Scope")], Some("SetPolicy")
            => &[(200, Json("PolicyAnswer"))], "Sets a policy of the trials to come";
        DELETE "/api/v1/vendor/applications/{id}/policies/{scope}" remove_policy Vendor
            &[("path", "id", "ApplicationId"), ("path", "scope", "Scope")], None
            => &[(200, Json("PolicyAnswer"))], "Removes the policy of a class or a licensee";
        POST "/api/v1/vendor/applications/{id}/existing-trials" follow_policies Vendor
            &[("path", "id", "ApplicationId")], Some("FollowPolicies")
            => &[(200, Json("FollowAnswer"))],
            "Lets the next granted trials follow a change of a policy";
        GET "/api/v1/vendor/applications/{id}/policy-changes" list_policy_changes Vendor
            &[("path", "id", "ApplicationId")], None => &[(200, Json("PolicyHistory"))],
            "Lists the changes of an application's policies";
        GET "/api/v1/vendor/applications/{id}/keys" list_purchase_keys Vendor
            &[("path", "id", "ApplicationId"), AFTER, LIMIT], None
            => &[(200, Json("KeysAnswer"))], "Lists the purchase keys of an application";
        POST "/api/v1/vendor/applications/{id}/keys" create_purchase_keys Vendor
            &[("path", "id", "ApplicationId")], Some("CreateKeys")
            => &[(201, Json("KeysAnswer"))], "Makes purchase keys";
        DELETE "/api/v1/vendor/keys/{id}" revoke_purchase_key Vendor
            &[("path", "id", "Id"), ("query", "end_licenses", "Flag")], None
            => &[(204, Answer::Empty)], "Revokes a purchase key";
        POST "/api/v1/vendor/applications/{id}/grants" give_licensee Vendor
            &[("path", "id", "ApplicationId")], Some("GiveLicensee")
            => &[(200, Json("GiftAnswer"))], "Gives a licensee more trials, more time or the full license";
        GET "/api/v1/vendor/profiles" list_profiles Vendor &[], None
            => &[(200, Json("ProfilesAnswer"))], "Lists the vendor's profiles";
        PUT "/api/v1/vendor/profiles/{name}" set_profile Vendor &[("path", "name", "Label")],
            Some("SetProfile") => &[(200, Json("Profile"))], "Makes or changes a profile";
        DELETE "/api/v1/vendor/profiles/{name}" remove_profile Vendor
            &[("path", "name", "Label")], None => &[(204, Answer::Empty)], "Removes a profile";
        GET "/api/v1/vendor/classes" list_classes Vendor &[], None
            => &[(200, Json("ClassesAnswer"))], "Lists the vendor's classes with their members";
        PUT "/api/v1/vendor/classes/{name}" set_class Vendor &[("path", "name", "Label")],
            Some("SetClass") => &[(204, Answer::Empty)], "Makes a class, or gives it another rank";
        DELETE "/api/v1/vendor/classes/{name}" remove_class Vendor &[("path", "name", "Label")],
            None => &[(204, Answer::Empty)], "Removes a class that no policy is for";
        PUT "/api/v1/vendor/classes/{name}/members/{subject}" add_class_member Vendor
            &[("path", "name", "Label"), ("path", "subject", "Subject")], None
            => &[(204, Answer::Empty)], "Adds a member to a class";
        DELETE "/api/v1/vendor/classes/{name}/members/{subject}" remove_class_member Vendor
            &[("path", "name", "Label"), ("path", "subject", "Subject")], None
            => &[(204, Answer::Empty)], "Takes a member out of a class";
        GET "/api/v1/vendor/applications/{id}/requests" list_requests Vendor
            &[("path", "id", "ApplicationId"), AFTER, LIMIT], None
            => &[(200, JsonOrCsv("RequestersAnswer"))], "Lists who asked for trials";
        GET "/api/v1/vendor/applications/{id}/terms/{digest}" show_terms Vendor
            &[("path", "id", "ApplicationId"), ("path", "digest", "Digest")], None
            => &[(200, Json("TermsAnswer"))], "Shows the text of terms that a release had";
        POST "/api/v1/vendor/webhooks" add_webhook Vendor &[], Some("AddWebhook")
            => &[(201, Json("NewWebhookAnswer"))], "Adds a webhook; its secret is answered once";
        GET "/api/v1/vendor/webhooks" list_webhooks Vendor &[], None
            => &[(200, Json("WebhooksAnswer"))], "Lists the vendor's webhooks";
        DELETE "/api/v1/vendor/webhooks/{id}" remove_webhook Vendor &[("path", "id", "Id")], None
            => &[(204, Empty)], "Removes a webhook with its log";
        POST "/api/v1/vendor/webhooks/{id}/enable" enable_webhook Vendor &[("path", "id", "Id")], None
            => &[(200, Json("Webhook"))], "Sends events to a disabled webhook again, from now on";
        POST "/api/v1/vendor/webhooks/{id}/test" test_webhook Vendor &[("path", "id", "Id")], None
            => &[(201, Json("Ping"))], "Sends a ping to a webhook";
        GET "/api/v1/vendor/webhooks/deliveries" list_deliveries Vendor
            &[("query", "webhook", "Id"), ("query", "failed", "Boolean"), AFTER, LIMIT], None
            => &[(200, Json("DeliveriesAnswer"))], "Lists the deliveries, the newest first";
        POST "/api/v1/vendor/webhooks/deliveries/{id}/redeliver" redeliver Vendor
            &[("path", "id", "Id")], None => &[(204, Empty)], "Sends a delivery again";
        GET "/api/v1/vendor/blocks" list_blocks Vendor &[AFTER, LIMIT], None
            => &[(200, Json("BlocksAnswer"))], "Lists who gets no new trial";
        PUT "/api/v1/vendor/blocks/{subject}" put_block Vendor &[("path", "subject", "Subject")],
            Some("PutBlock") => &[(200, Json("Block"))],
            "Blocks somebody for new trials of the vendor's applications";
        DELETE "/api/v1/vendor/blocks/{subject}" delete_block Vendor &[("path", "subject", "Subject")],
            None => &[(204, Empty)], "Takes a block away";
    ]
}

impl Operation {
    /// What the document says of it.
    pub(super) fn document(&self) -> Value {
        let mut document = json!({
            "operationId": self.id,
            "summary": self.summary,
            "responses": self.responses(),
        });
        if !self.parameters.is_empty() {
            document["parameters"] = self.parameters.iter().map(parameter).collect();
        }
        match self.access {
            Access::Anybody => {}
            Access::Builder => document["security"] = json!([{ "builder": [] }]),
            Access::Vendor => document["security"] = json!([{ "vendor": [] }]),
        }
        match self.request {
            None => {}
            Some("ServerFormat") => {
                document["requestBody"] = json!({ "required": true, "content": bytes() });
            }
            Some(schema) => {
                document["requestBody"] = json!({ "required": true, "content": in_json(schema) });
            }
        }
        document
    }

    fn responses(&self) -> Map<String, Value> {
        let answers =
            self.answers.iter().map(|(status, answer)| (status.to_string(), answer.document()));
        let problem = json!({
            "description": "A problem document",
            "content": { "application/problem+json": { "schema": reference("Problem") } },
        });
        answers.chain([("default".to_owned(), problem)]).collect()
    }
}

impl Answer {
    fn document(self) -> Value {
        match self {
            Self::Json(schema) => json!({ "description": schema, "content": in_json(schema) }),
            Self::JsonOrCsv(schema) => {
                let mut content = in_json(schema);
                content["text/csv"] = json!({ "schema": { "type": "string" } });
                json!({ "description": schema, "content": content })
            }
            Self::AnyJson => {
                json!({ "description": "JSON", "content": { "application/json": {} } })
            }
            Self::Bytes => json!({ "description": "Bytes", "content": bytes() }),
            Self::Empty => json!({ "description": "Nothing" }),
        }
    }
}

fn parameter((place, name, schema): &(&str, &str, &str)) -> Value {
    if *schema == "TrialPolicy" {
        return json!({ "in": place, "name": name, "content": in_json(schema) });
    }
    json!({ "in": place, "name": name, "required": *place == "path", "schema": reference(schema) })
}

fn in_json(schema: &str) -> Value {
    json!({ "application/json": { "schema": reference(schema) } })
}

fn bytes() -> Value {
    json!({ "application/octet-stream": {} })
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

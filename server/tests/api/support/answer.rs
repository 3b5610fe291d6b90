//! An answer, read to its end.

use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use trybuy_formats::api::{AccessCondition, Problem};
use trybuy_formats::slug::Slug;

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.bytes().await.expect("a whole body").to_vec();
        Self { status, headers, body }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("readable"))
    }

    /// The body as JSON of an answer with this status.
    pub(crate) fn json<T: DeserializeOwned>(&self, status: u16) -> T {
        assert_eq!(self.status, status, "{}", self.text());
        serde_json::from_slice(&self.body).expect("the JSON that was expected")
    }

    /// The problem document, which agrees with the answer's status.
    pub(crate) fn problem(&self) -> Problem {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem: Problem = serde_json::from_slice(&self.body).expect("a problem document");
        assert_eq!(problem.status, self.status);
        problem
    }

    /// Asserts a refusal with a slug and an access condition, which says what to do.
    pub(crate) fn refused(
        &self,
        status: u16,
        slug: Slug,
        condition: Option<AccessCondition>,
    ) -> Problem {
        let problem = self.problem();
        let seen = (problem.status, problem.slug, problem.condition);
        assert_eq!(seen, (status, slug, condition), "{problem:?}");
        problem
    }
}

//! An answer, read to its end.

use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use trybuy_formats::api::Problem;
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
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.expect("a whole body").to_vec();
        Self { status, headers, body }
    }

    /// The body as JSON of an answer with this status.
    pub(crate) fn json<T: DeserializeOwned>(&self, status: u16) -> T {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        serde_json::from_str(&text).expect("the JSON that was expected")
    }

    /// Asserts a refusal with a status and a slug.
    pub(crate) fn refused(&self, status: u16, slug: Slug) -> Problem {
        let problem: Problem = self.json(status);
        assert_eq!((problem.status, problem.slug), (status, slug), "{problem:?}");
        problem
    }
}

//! Orders of license packs (SL Fig. 4, step 150): signed, and sent to the clearinghouse or written to a file.

use std::time::Duration;

use reqwest::{Client, Response};
use serde::de::DeserializeOwned;
use trybuy_formats::api::{OrderAnswer, PlaceOrder, Problem};
use trybuy_formats::certificates::{CertificateChain, LicenseIssuer};
use trybuy_formats::ids::OrderId;
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::order::PurchaseOrder;
use trybuy_formats::licensing::product::Product;
use trybuy_formats::licensing::signing::sign_certified;
use trybuy_formats::limits;
use trybuy_formats::signed::{FORMAT, SignError};
use trybuy_formats::slug::Slug;

use crate::refusal::Refusal;
use crate::store::LicenseOrder;

/// How long a clearinghouse may take to answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Makes a purchase request 106.
///
/// # Errors
/// When it would not be accepted, or the library fails.
pub fn make(
    issuer: &LicenseIssuer,
    packs: &CertificateChain,
    product: Product,
    quantity: u32,
    now: Instant,
) -> Result<LicenseOrder, SignError> {
    let order = PurchaseOrder {
        format: FORMAT,
        order_id: OrderId::new(),
        license_server: issuer.id().clone(),
        product,
        quantity,
        certificate: packs.to_pem(),
        ordered_at: now,
    };
    let document = sign_certified(issuer.key(), issuer.chain(), &order)?;
    let PurchaseOrder { order_id, product, quantity, ordered_at, .. } = order;
    Ok(LicenseOrder { order_id, document, product, quantity, ordered_at, answer: None })
}

/// A clearinghouse as it is reached over the network.
pub struct Clearinghouse {
    client: Client,
    url: String,
}

/// Why a clearinghouse did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClearinghouseError {
    /// It does not answer.
    #[error("the clearinghouse {url} does not answer")]
    Unreachable {
        /// Where.
        url: String,
        /// What went wrong.
        #[source]
        source: reqwest::Error,
    },
    /// It refused.
    #[error("the clearinghouse says: {}", .0.title)]
    Refused(Box<Problem>),
    /// Its answer is not one of a clearinghouse, or too long.
    #[error("{0} does not answer as a clearinghouse does")]
    Malformed(String),
}

impl Refusal for ClearinghouseError {
    fn slug(&self) -> Slug {
        match self {
            Self::Refused(problem) => problem.slug,
            Self::Unreachable { .. } | Self::Malformed(_) => Slug::ServerUnreachable,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Refused(problem) => problem.help.clone(),
            Self::Unreachable { .. } | Self::Malformed(_) => Some(
                "see whether `[clearinghouse] url` is right; or let the order travel as a file with \
                 `order export`, and the pack with `pack install FILE`"
                    .to_owned(),
            ),
        }
    }
}

impl Clearinghouse {
    /// The one at an address.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn at(url: &str) -> Result<Self, ClearinghouseError> {
        let client = Client::builder().timeout(TIMEOUT).build();
        let client = client
            .map_err(|source| ClearinghouseError::Unreachable { url: url.to_owned(), source })?;
        Ok(Self { client, url: url.to_owned() })
    }

    /// Places an order. The same order again changes nothing.
    ///
    /// # Errors
    /// [`ClearinghouseError`].
    pub async fn place(&self, order: &LicenseOrder) -> Result<OrderAnswer, ClearinghouseError> {
        let body = PlaceOrder { order: order.document.clone() };
        let sent = self.client.post(format!("{}/api/v1/orders", self.url)).json(&body).send().await;
        self.json(sent).await
    }

    /// How it is with an order.
    ///
    /// # Errors
    /// [`ClearinghouseError`].
    pub async fn order(&self, order: OrderId) -> Result<OrderAnswer, ClearinghouseError> {
        let sent = self.client.get(format!("{}/api/v1/orders/{order}", self.url)).send().await;
        self.json(sent).await
    }

    /// The pack of an order.
    ///
    /// # Errors
    /// [`ClearinghouseError`].
    pub async fn pack(&self, order: OrderId) -> Result<String, ClearinghouseError> {
        let url = format!("{}/api/v1/orders/{order}/pack", self.url);
        let bytes =
            self.body(self.client.get(url).send().await, limits::CERTIFIED_DOCUMENT).await?;
        String::from_utf8(bytes).map_err(|_| self.malformed())
    }

    async fn json<T: DeserializeOwned>(
        &self,
        sent: Result<Response, reqwest::Error>,
    ) -> Result<T, ClearinghouseError> {
        let bytes = self.body(sent, limits::API_BODY).await?;
        serde_json::from_slice(&bytes).map_err(|_| self.malformed())
    }

    async fn body(
        &self,
        sent: Result<Response, reqwest::Error>,
        cap: usize,
    ) -> Result<Vec<u8>, ClearinghouseError> {
        let unreachable =
            |source| ClearinghouseError::Unreachable { url: self.url.clone(), source };
        let mut response = sent.map_err(unreachable)?;
        let is_success = response.status().is_success();
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(unreachable)? {
            if bytes.len() + piece.len() > cap {
                return Err(self.malformed());
            }
            bytes.extend_from_slice(&piece);
        }
        if is_success {
            return Ok(bytes);
        }
        let problem = serde_json::from_slice(&bytes).map_err(|_| self.malformed())?;
        Err(ClearinghouseError::Refused(Box::new(problem)))
    }

    fn malformed(&self) -> ClearinghouseError {
        ClearinghouseError::Malformed(self.url.clone())
    }
}

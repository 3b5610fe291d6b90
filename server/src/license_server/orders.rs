//! Orders of license packs (SL Fig. 4, step 150): signed, and sent to the clearinghouse or written to a file.

use std::time::Duration;

use reqwest::{Client, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use trybuy_formats::api::{OrderAnswer, OrderState, PlaceOrder, Problem, ProductsAnswer};
use trybuy_formats::certificates::{CertificateChain, LicenseIssuer};
use trybuy_formats::ids::{OrderId, PackId};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::order::PurchaseOrder;
use trybuy_formats::licensing::product::Product;
use trybuy_formats::licensing::signing::sign_certified;
use trybuy_formats::limits;
use trybuy_formats::signed::{FORMAT, SignError};
use trybuy_formats::slug::Slug;

use crate::refusal::Refusal;
use crate::store::{LicenseOrder, OrderSaid, Store, StoreError};

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
    Ok(LicenseOrder {
        order_id,
        document,
        product,
        quantity,
        ordered_at,
        said: None,
        pack_id: None,
    })
}

/// How it is with an order, for those who placed it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderStanding {
    /// The clearinghouse has not taken it, as far as is known here.
    NotSent,
    /// The clearinghouse does not take it.
    Refused,
    /// Its fee has not been paid.
    FeeDue,
    /// Its pack can be fetched.
    Issued,
    /// Its pack is installed.
    Installed,
    /// The clearinghouse does not fulfil it.
    Cancelled,
}

impl OrderStanding {
    /// By what the clearinghouse last said, and by what is installed.
    pub fn of(said: Option<&OrderSaid>, pack: Option<PackId>) -> Self {
        match (pack, said) {
            (Some(_), _) => Self::Installed,
            (None, None) => Self::NotSent,
            (None, Some(OrderSaid::Refused(_))) => Self::Refused,
            (None, Some(OrderSaid::Answer(answer))) => match answer.state {
                OrderState::FeeDue => Self::FeeDue,
                OrderState::Issued => Self::Issued,
                OrderState::Cancelled => Self::Cancelled,
            },
        }
    }
}

/// Sends an order, and keeps what the clearinghouse says of it. The same order again changes nothing there.
///
/// # Errors
/// [`SendError`].
pub async fn send(
    store: &Store,
    clearinghouse: &Clearinghouse,
    order: &LicenseOrder,
) -> Result<OrderAnswer, SendError> {
    let placed = clearinghouse.place(order).await;
    let said = match &placed {
        Ok(answer) => Some(OrderSaid::Answer(answer.clone())),
        Err(ClearinghouseError::Refused(problem)) if is_decided(problem) => {
            Some(OrderSaid::Refused(problem.clone()))
        }
        Err(_) => None,
    };
    if let Some(said) = &said {
        store.keep_order_said(order.order_id, said).await?;
    }
    placed.map_err(|error| match said {
        Some(_) => SendError::Refused(error),
        None => SendError::NotTaken(error),
    })
}

/// Whether a refusal is about the order, rather than that the clearinghouse cannot look at it now.
fn is_decided(problem: &Problem) -> bool {
    !matches!(problem.slug, Slug::RateLimited | Slug::ServerError)
}

/// Why an order was not placed. It is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The clearinghouse looked at it and does not take it.
    #[error(transparent)]
    Refused(ClearinghouseError),
    /// It may take it at another time.
    #[error(transparent)]
    NotTaken(ClearinghouseError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal for SendError {
    fn slug(&self) -> Slug {
        match self {
            Self::Refused(error) | Self::NotTaken(error) => error.slug(),
            Self::Store(error) => error.slug(),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Refused(error) => error.help(),
            Self::NotTaken(_) => Some(
                "the order is kept: `trybuy-server license-server order list` shows its id, and `order send` \
                 sends it again"
                    .to_owned(),
            ),
            Self::Store(error) => error.help(),
        }
    }
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

    /// What can be ordered.
    ///
    /// # Errors
    /// [`ClearinghouseError`].
    pub async fn products(&self) -> Result<ProductsAnswer, ClearinghouseError> {
        let sent = self.client.get(format!("{}/api/v1/products", self.url)).send().await;
        self.json(sent, limits::OFFERED_PRODUCTS).await
    }

    /// Places an order. The same order again changes nothing.
    ///
    /// # Errors
    /// [`ClearinghouseError`].
    pub async fn place(&self, order: &LicenseOrder) -> Result<OrderAnswer, ClearinghouseError> {
        let body = PlaceOrder { order: order.document.clone() };
        let sent = self.client.post(format!("{}/api/v1/orders", self.url)).json(&body).send().await;
        self.answer(order.order_id, sent).await
    }

    /// How it is with an order.
    ///
    /// # Errors
    /// [`ClearinghouseError`].
    pub async fn order(&self, order: OrderId) -> Result<OrderAnswer, ClearinghouseError> {
        let sent = self.client.get(format!("{}/api/v1/orders/{order}", self.url)).send().await;
        self.answer(order, sent).await
    }

    /// An answer about an order, which is about no other one.
    async fn answer(
        &self,
        order: OrderId,
        sent: Result<Response, reqwest::Error>,
    ) -> Result<OrderAnswer, ClearinghouseError> {
        let answer: OrderAnswer = self.json(sent, limits::API_BODY).await?;
        if answer.order_id == order { Ok(answer) } else { Err(self.malformed()) }
    }

    /// The pack of an order, as it came.
    ///
    /// # Errors
    /// [`ClearinghouseError`].
    pub async fn pack(&self, order: OrderId) -> Result<Vec<u8>, ClearinghouseError> {
        let url = format!("{}/api/v1/orders/{order}/pack", self.url);
        self.body(self.client.get(url).send().await, limits::CERTIFIED_DOCUMENT).await
    }

    async fn json<T: DeserializeOwned>(
        &self,
        sent: Result<Response, reqwest::Error>,
        cap: usize,
    ) -> Result<T, ClearinghouseError> {
        let bytes = self.body(sent, cap).await?;
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

//! Taking orders (SL Fig. 4, step 150): online, as a file, or as an operator types them.

use trybuy_formats::api::{OfferedProduct, OrderAnswer};
use trybuy_formats::certificates::{
    Authorities, Certificate, CertificateChain, CertificateError, Role,
};
use trybuy_formats::ids::{Label, LicenseServerId, OrderId};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::licensing::order::PurchaseOrder;
use trybuy_formats::licensing::signing::{CertifiedError, open_certified};
use trybuy_formats::limits;
use trybuy_formats::signed::{Document as _, SignedError};
use trybuy_formats::slug::Slug;

use crate::refusal::Refusal;
use crate::store::{
    NewOrder, OfferKey, OfferRecord, OrderPlaced, OrderRecord, OrderSource, OrderTerms, Store,
    StoreError,
};

/// How far ahead of the clearinghouse's clock an order may be dated. How old it is does not matter: as a file it may
/// travel for weeks, and by its id it is placed once.
const CLOCKS: Span = Span::seconds(300);

/// What orders are taken with.
pub struct OrderDesk<'a> {
    /// The master license database.
    pub store: &'a Store,
    /// The certifying authority that license servers are under.
    pub authorities: &'a Authorities,
    /// The time.
    pub now: Instant,
}

/// The dates of a pack, where they were agreed on; else they are the offer's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AgreedDates {
    /// The first active date.
    pub first_active_at: Option<Instant>,
    /// The expiration date.
    pub ends_at: Option<Instant>,
}

/// An order that was placed.
pub struct Placed {
    /// The order.
    pub record: OrderRecord,
    /// Whether it is a new one.
    pub is_new: bool,
}

/// Why an order was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// It is not an order, or not signed as one.
    #[error("the order: {0}")]
    Document(SignedError),
    /// It was not signed by a license server under the certifying authority.
    #[error("the certificate that the order is signed under was refused: {0}")]
    Signer(CertificateError),
    /// It was signed by another license server.
    #[error("the order is of `{license_server}`, and signed by `{signer}`")]
    OtherSigner {
        /// Who signed it.
        signer: String,
        /// Whose it claims to be.
        license_server: LicenseServerId,
    },
    /// The enclosed certificate is not one of a license server under the certifying authority.
    #[error("the license server's certificate in the order was refused: {0}")]
    Certificate(CertificateError),
    /// The enclosed certificate is another license server's.
    #[error("the order is of `{license_server}`, and the certificate in it is for `{found}`")]
    OtherCertificate {
        /// Whose it is.
        found: String,
        /// Whose the order is.
        license_server: LicenseServerId,
    },
    /// The product is not offered.
    #[error("{product_id} {version} is not offered for this platform type and as this license type", product_id = .0.product_id, version = .0.version)]
    NotOffered(OfferKey),
    /// The product is not offered with a feature.
    #[error("the product is not offered with the feature `{0}`")]
    NoSuchFeature(Label),
    /// It is of a time that has not come yet.
    #[error("the order is dated {ordered_at}, and it is {now} at the clearinghouse")]
    Future {
        /// The order's date.
        ordered_at: Instant,
        /// The clearinghouse's time.
        now: Instant,
    },
    /// The number of licenses is out of its range.
    #[error("an order is for 1 to {} licenses", limits::PACK_QUANTITY)]
    Quantity,
    /// The agreed dates do not fit each other.
    #[error("the expiration date is not after the first active date")]
    Dates,
    /// The order's id is that of another order.
    #[error("there is another order with the id {0}")]
    IdUsed(OrderId),
    /// The license server has too many orders whose fees are due.
    #[error("the license server has {} orders whose fees are due", limits::UNPAID_ORDERS)]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OrderDesk<'_> {
    /// Places a signed order. The same order again changes nothing.
    ///
    /// # Errors
    /// [`OrderError`]; then nothing is stored.
    pub async fn place_signed(
        &self,
        text: &str,
        source: OrderSource,
        dates: AgreedDates,
    ) -> Result<Placed, OrderError> {
        let opened =
            open_certified::<PurchaseOrder>(self.authorities, Role::LicenseIssuer, self.now, text);
        let (signer, order) = opened.map_err(|error| match error {
            CertifiedError::Certificate(error) => OrderError::Signer(error),
            CertifiedError::Document(error) => OrderError::Document(error),
            _ => OrderError::Document(SignedError::Malformed),
        })?;
        let signer = signer.subject_id().unwrap_or_default();
        if signer != order.license_server.as_str() {
            let license_server = order.license_server.clone();
            return Err(OrderError::OtherSigner { signer, license_server });
        }
        self.place((*order).clone(), source, dates).await
    }

    /// Places an order that an operator typed.
    ///
    /// # Errors
    /// [`OrderError`]; then nothing is stored.
    pub async fn place_typed(
        &self,
        order: PurchaseOrder,
        dates: AgreedDates,
    ) -> Result<Placed, OrderError> {
        if !(1..=limits::PACK_QUANTITY).contains(&order.quantity) || !order.is_valid() {
            return Err(OrderError::Quantity);
        }
        self.place(order, OrderSource::Operator, dates).await
    }

    async fn place(
        &self,
        order: PurchaseOrder,
        source: OrderSource,
        dates: AgreedDates,
    ) -> Result<Placed, OrderError> {
        let order_id = order.order_id;
        let certificate = self.certificate(&order)?;
        if let Some(record) = self.store.order(order_id).await? {
            let is_same = record.order == order;
            let before = is_same.then_some(Placed { record, is_new: false });
            return before.ok_or(OrderError::IdUsed(order_id));
        }
        if order.ordered_at.since(self.now) > CLOCKS {
            return Err(OrderError::Future { ordered_at: order.ordered_at, now: self.now });
        }
        let offer = self.offer(&order).await?;
        let terms = self.terms(&offer, dates)?;
        let new = NewOrder {
            fee: offer.fee.saturating_mul(u64::from(order.quantity)).min(limits::INTEGER),
            currency: offer.currency,
            order,
            source,
            recipient_key: certificate.spki(),
            terms,
            received_at: self.now,
        };
        match self.store.place_order(&new).await? {
            OrderPlaced::New(record) => Ok(Placed { record: *record, is_new: true }),
            OrderPlaced::Before(record) => Ok(Placed { record: *record, is_new: false }),
            OrderPlaced::IdUsed => Err(OrderError::IdUsed(order_id)),
            OrderPlaced::TooMany => Err(OrderError::TooMany),
        }
    }

    /// "The license server's certificate (containing the license server's public key and the license server
    /// ID)".
    fn certificate(&self, order: &PurchaseOrder) -> Result<Certificate, OrderError> {
        let chain =
            CertificateChain::from_pem(&order.certificate).map_err(OrderError::Certificate)?;
        let certificate = self
            .authorities
            .verify(&chain, Role::LicenseServer, self.now)
            .map_err(OrderError::Certificate)?;
        let found = certificate.subject_id().unwrap_or_default();
        if found == order.license_server.as_str() {
            return Ok(certificate);
        }
        let license_server = order.license_server.clone();
        Err(OrderError::OtherCertificate { found, license_server })
    }

    /// The offer that fits an order.
    async fn offer(&self, order: &PurchaseOrder) -> Result<OfferRecord, OrderError> {
        let key = OfferKey::of(&order.product);
        let Some(offer) = self.store.offer_in_force(&key).await? else {
            return Err(OrderError::NotOffered(key));
        };
        let is_missing = |feature: &&Label| !offer.product.features.contains(*feature);
        match order.product.features.iter().find(is_missing) {
            Some(feature) => Err(OrderError::NoSuchFeature(feature.clone())),
            None => Ok(offer),
        }
    }

    fn terms(&self, offer: &OfferRecord, dates: AgreedDates) -> Result<OrderTerms, OrderError> {
        // An end that was agreed on must not come before a beginning that is not known yet.
        let begins = dates.first_active_at.or(dates.ends_at.map(|_| self.now));
        if dates.ends_at.is_some() && dates.ends_at <= begins {
            return Err(OrderError::Dates);
        }
        Ok(OrderTerms {
            family: offer.family.clone(),
            manufacturer: offer.manufacturer.clone(),
            descriptions: offer.descriptions.clone(),
            first_active_at: begins,
            ends_at: dates.ends_at,
            valid_for: offer.valid_for,
        })
    }
}

/// An offer as it is shown.
pub(super) fn offered(offer: OfferRecord) -> OfferedProduct {
    OfferedProduct {
        product: offer.product,
        manufacturer: offer.manufacturer,
        descriptions: offer.descriptions,
        fee: offer.fee,
        currency: offer.currency,
        valid_for: offer.valid_for,
    }
}

/// An order as it is answered.
pub fn answer(record: &OrderRecord) -> OrderAnswer {
    OrderAnswer {
        order_id: record.order.order_id,
        state: record.state(),
        fee: record.fee,
        currency: record.currency.clone(),
    }
}

impl Refusal for OrderError {
    fn slug(&self) -> Slug {
        match self {
            Self::Document(SignedError::TooNew) => Slug::FormatTooNew,
            Self::Document(SignedError::Malformed) => Slug::BadRequest,
            Self::Signer(_) | Self::Certificate(_) => Slug::CertificateRefused,
            Self::Store(error) => error.slug(),
            _ => Slug::OrderRefused,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Document(_) => "send the order as the license server wrote it",
            Self::Signer(_) | Self::Certificate(_) => {
                "order with certificates of the certifying authority that the clearinghouse trusts, which \
                 are valid now"
            }
            Self::OtherSigner { .. } | Self::OtherCertificate { .. } => {
                "order with the certificates of the license server that the pack is for"
            }
            Self::NotOffered(_) | Self::NoSuchFeature(_) => {
                "order what the clearinghouse offers: `trybuy-server license-server product list` shows it"
            }
            Self::Future { .. } => {
                "set the clock of the license server right, and place it as a new order"
            }
            Self::Quantity => "order more packs",
            Self::Dates => "name a later expiration date",
            Self::IdUsed(_) => "place it as a new order",
            Self::TooMany => "pay the fees of those, or have the clearinghouse cancel some",
            Self::Store(_) => return None,
        };
        Some(help.to_owned())
    }
}

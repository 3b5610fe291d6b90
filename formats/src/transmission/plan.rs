//! How a body is made of its sections: its stream and its geometry.

use crate::envelope::header::Header;
use crate::envelope::stream::Stream;
use crate::keys::FileKey;
use crate::policy::Layout;

use super::geometry::Geometry;
use super::preamble::Preamble;
use super::{dispersed, leading};

/// Everything needed to seal or open any part of a body.
pub(super) struct BodyPlan {
    pub(super) stream: Stream,
    pub(super) geometry: Geometry,
}

impl BodyPlan {
    /// The plan that follows from key, header and preamble.
    pub(super) fn new(file_key: &FileKey, header: &Header, preamble: &Preamble) -> Self {
        let (key, geometry) = match preamble.layout {
            Layout::Leading => leading::body(file_key, preamble),
            Layout::Dispersed => dispersed::body(file_key, header, preamble),
        };
        Self { stream: Stream::new(&key, preamble.stream_length()), geometry }
    }
}

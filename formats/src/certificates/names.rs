//! The names in certificates: an id for programs, a common name for people.

use der::asn1::{Any, ObjectIdentifier, PrintableStringRef, SetOfVec, Utf8StringRef};
use der::{Decode as _, Encode as _, Tag, Tagged as _};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::Name;

use super::IssueError;

/// `serialNumber` of X.520: the id.
const SERIAL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.5");
/// `commonName` of X.520.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// The most characters of a common name (RFC 5280, `ub-common-name`).
const COMMON_NAME_LENGTH: usize = 64;

/// A name of a common name, which is cut to its greatest length, and an id where there is one.
pub(super) fn name(common_name: &str, id: Option<&str>) -> Result<Name, IssueError> {
    let invalid = |_| IssueError::Invalid;
    let common_name: String = common_name.chars().take(COMMON_NAME_LENGTH).collect();
    let value = Utf8StringRef::new(&common_name).map_err(invalid)?;
    let mut attributes = vec![attribute(COMMON_NAME, Any::encode_from(&value).map_err(invalid)?)?];
    if let Some(id) = id {
        let value = PrintableStringRef::new(id).map_err(invalid)?;
        attributes.push(attribute(SERIAL_NUMBER, Any::encode_from(&value).map_err(invalid)?)?);
    }
    Name::from_der(&attributes.to_der().map_err(invalid)?).map_err(invalid)
}

fn attribute(
    oid: ObjectIdentifier,
    value: Any,
) -> Result<SetOfVec<AttributeTypeAndValue>, IssueError> {
    SetOfVec::try_from(vec![AttributeTypeAndValue { oid, value }]).map_err(|_| IssueError::Invalid)
}

/// Whether each part of a name has something in it (RFC 5280, section 4.1.2.4).
pub(super) fn is_well_formed(name: &Name) -> bool {
    name.iter_rdn().all(|part| !part.is_empty())
}

/// The id in a name; none where it has none or several.
pub(super) fn id(name: &Name) -> Option<String> {
    let mut ids = name.iter().filter(|attribute| attribute.oid == SERIAL_NUMBER);
    let value = &ids.next()?.value;
    let is_text = matches!(value.tag(), Tag::PrintableString | Tag::Utf8String);
    let text = String::from_utf8(value.value().to_vec()).ok();
    text.filter(|_| is_text && ids.next().is_none())
}

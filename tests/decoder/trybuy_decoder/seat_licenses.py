"""Seat licenses (LI-7) and their certificates (CT-9)."""

from .authorities import ARC, Authorities, key_id
from .certificates import Certificate
from .der import UTF8, whole
from .documents import (
    LARGEST_INTEGER, UUID, application_id, array, digest, instant, integer, label, matching,
    one_of, or_null, parse_json, parse_object, record, semantic_version, uuid,
)
from .failures import LicenseFields, Malformed

FIELDS = f"{ARC}.16"
PLATFORM_TYPES = ("windows", "non-windows", "legacy", "direct-connect")
LARGEST_TURN = LARGEST_FORMAT = 2**32 - 1
_NUMBER = "(?:0|[1-9][0-9]*)"
_id_form = matching(rf"{UUID}\.{_NUMBER}(?:\.[1-9][0-9]*)?", "a license id")


def ascending_features(value) -> None:
    """Features: at most 32 labels, each after the one before it."""
    array(label, 0, 32)(value)
    if any(one >= after for one, after in zip(value, value[1:])):
        raise Malformed("the features are not ascending")


def license_id(value) -> None:
    """The id of a seat license."""
    _id_form(value)
    _, serial, turn = (*value.split("."), "0")[:3]
    if int(serial) > LARGEST_INTEGER or int(turn) > LARGEST_TURN:
        raise Malformed("a number of a license id is too large")


_MEMBERS = {
    "format": integer(1, LARGEST_FORMAT), "license_id": license_id, "client_id": digest, "issued_at": instant,
    "ends_at": or_null(instant), "license_server": label, "kind": one_of("permanent", "temporary"),
    "pack_id": or_null(uuid), "product_id": application_id, "version": semantic_version,
    "features": ascending_features, "platform_type": one_of(*PLATFORM_TYPES),
}


def read_fields(text: bytes) -> dict:
    """The known members of a license (LI-7): in the one spelling, or of a newer format in any."""
    value = parse_object(text)
    if value.get("format") == 1:
        known = parse_json(text)
    else:
        known = {name: value[name] for name in _MEMBERS if name in value}
    record(_MEMBERS)(known)
    if (known["pack_id"] is None) != (known["kind"] == "temporary"):
        raise Malformed("a permanent license is of a pack, a temporary one of none")
    is_permanent = known["kind"] == "permanent"
    serial, *turn = known["license_id"].split(".")[1:]
    if (serial != "0") != is_permanent or (turn and not is_permanent):
        raise Malformed("the id is not one of a license of that kind")
    if known["ends_at"] is not None and instant(known["ends_at"]) <= instant(known["issued_at"]):
        raise Malformed("a license ends before it begins")
    return known


def _fields(certificate: Certificate) -> dict:
    extension = certificate.extensions.get(FIELDS)
    if extension is None or extension.critical:
        raise LicenseFields("no fields of a license that are not critical")
    try:
        return read_fields(whole(extension.value).expect(UTF8).string().encode())
    except Malformed as error:
        raise LicenseFields("the fields of the license are not readable") from error


def verify_license(authorities: Authorities, chain: list, at: int) -> tuple:
    """Verifies a seat license (CT-9); returns its client's id and its fields."""
    client = authorities.verify(chain, "seat-license", at)
    certificate, issuer = chain[:2]
    fields = _fields(certificate)
    end = fields["ends_at"]
    if not (
        fields["client_id"] == client == key_id(certificate)
        and [fields["license_server"]] == issuer.ids()
        and certificate.not_before <= instant(fields["issued_at"])
        and (end is None or certificate.not_after <= instant(end))
    ):
        raise LicenseFields("the fields of the license are not those of the certificate")
    return client, fields

"""The control information (CI-3 to CI-6)."""

from .documents import (
    application_id, digest, instant, integer, left_out_or, name, one_of, or_null, parse_table, platform, record,
    semantic_version, uuid,
)
from .envelope import Envelope
from .failures import ControlMismatch, FileDamaged, LicenseeMismatch, Malformed
from .license import License
from .primitives import ZERO_NONCE, BuilderKey, PublicKey, hkdf, open_gcm
from .program import PROGRAM_SIZE_CAP
from .sections import check_sections
from .signed import verify_document

SALT = 32
LONGEST_GRACE = 36525 * 86400


def check_expiration(value) -> None:
    """The member `expiration` of CI-3."""
    if type(value) is dict and value.get("kind") == "hard":
        record({"kind": one_of("hard")})(value)
    else:
        kind, start = one_of("soft"), one_of("expiration", "first-warning")
        record({"kind": kind, "from": start, "grace": integer(1, LONGEST_GRACE)})(value)


check_limits = record({n: integer(1) for n in ("launches", "running", "days")}, optional=True)
_check_members = record({
    "format": integer(1),
    "application": application_id,
    "name": name,
    "release": semantic_version,
    "platform": platform,
    "licensee_id": uuid,
    "trial_id": uuid,
    "kind": one_of("trial", "purchase"),
    "head_number": integer(1),
    "issued_at": instant,
    "ends_at": or_null(instant),
    "expiration": check_expiration,
    "limits": check_limits,
    "on_expiry": left_out_or(one_of("warn", "terminate")),
    "builder_key_id": digest,
    "minimum_builder": or_null(semantic_version),
    "file_key_commitment": digest,
    "layout": one_of("leading", "dispersed"),
    "sections": check_sections,
    "program_size": integer(1, PROGRAM_SIZE_CAP),
    "program_digest": digest,
    "terms_digest": digest,
})


def check_control(value) -> None:
    """The payload of CI-3."""
    _check_members(value)
    if value["kind"] == "trial" and value["ends_at"] is None:
        raise Malformed("a trial has an end")


def open_control(sealed: bytes, license: License, server_key: PublicKey) -> tuple:
    """Decrypts and verifies sealed control information (CI-5): payload's bytes and object."""
    key = hkdf(license.secret, sealed[:SALT], "trybuy/v1/control", 32)
    try:
        document = open_gcm(key, ZERO_NONCE, sealed[SALT:], "the control information")
    except FileDamaged as error:
        # The envelope around it is intact, so it was sealed under another license's secret.
        raise LicenseeMismatch("made for another Builder license") from error
    payload = verify_document(document, server_key, "trybuy-control")
    return payload, parse_table(payload, check_control)


def check_against_file(
    control: dict, envelope: Envelope, builder_key: BuilderKey, layout: str, lengths: dict
) -> None:
    """What of CI-6 and TF-5 concerns the file."""
    if not control["builder_key_id"] == builder_key.key_id == envelope.recipient:
        raise ControlMismatch("the control information names another Builder's key")
    if control["file_key_commitment"] != envelope.commitment():
        raise ControlMismatch("the control information is that of another file key")
    if control["layout"] != layout or control["sections"] != lengths:
        raise ControlMismatch("the control information does not agree with the preamble")


def check_licensee(control: dict, license: License) -> None:
    """What of CI-6 concerns the licensee."""
    if control["licensee_id"] not in license.payload["licensee_ids"]:
        raise LicenseeMismatch("licensed to somebody else")

"""The Builder license (BL-1 to BL-5) and sealed states (BL-6, BL-7)."""

from .documents import (
    array, base64_of, digest, email, instant, integer, name, one_of, or_null, parse_json, parse_table,
    platform, record, uuid,
)
from .failures import FileDamaged, FormatTooNew, Malformed, WrongKey
from .primitives import RSA_BYTES, ZERO_NONCE, BuilderKey, PublicKey, from_base64, hkdf, open_gcm
from .signed import verify_document

STATE_CAP = 65536
STATE_HEAD = 44

_check_members = record({
    "format": integer(1),
    "license_id": uuid,
    "licensee_ids": array(uuid, 1, 16),
    "kind": one_of("trial", "full"),
    "holder": record({"name": name, "email": email}),
    "platform": platform,
    "builder_key_id": digest,
    "request_key": base64_of(32),
    "sealed_secret": base64_of(RSA_BYTES),
    "issued_at": instant,
    "ends_at": or_null(instant),
    "terms_digest": digest,
})


_check_state_members = record({
    "head_number": integer(0),
    "first_warned_at": or_null(instant),
    "launches": integer(0),
    "running": integer(0),
    "days": array(integer(0), 0, STATE_CAP),
})


def check_state(value) -> None:
    """The state of a trial (BL-7)."""
    _check_state_members(value)
    if value["days"] != sorted(set(value["days"])):
        raise Malformed("the days are not ascending")


def check_license(value) -> None:
    """The payload of BL-2."""
    _check_members(value)
    if value["kind"] == "trial" and value["ends_at"] is None:
        raise Malformed("a trial Builder has an end")


class License:
    """A verified Builder license: `payload` and, unsealed, `secret`."""

    def __init__(self, payload: dict, secret: bytes):
        self.payload = payload
        self.secret = secret


def open_license(document: bytes, server_key: PublicKey, builder_key: BuilderKey) -> License:
    """Verifies a Builder license and unseals its secret (BL-3)."""
    payload = parse_table(
        verify_document(document, server_key, "trybuy-builder-license"), check_license
    )
    if payload["builder_key_id"] != builder_key.key_id:
        raise WrongKey("the license is for another Builder's key")
    sealed = from_base64(payload["sealed_secret"])
    secret = builder_key.unwrap(sealed, "trybuy/v1/license-secret", "the license secret")
    return License(payload, secret)


def open_state(data: bytes, secret: bytes, trial: str) -> dict:
    """Opens the sealed state of a trial (BL-6)."""
    uuid(trial)
    if len(data) > STATE_CAP:
        raise Malformed("the sealed state is too long")
    if len(data) < STATE_HEAD:
        raise FileDamaged("the sealed state is cut off")
    if data[:8] != b"trybuy-l":
        raise Malformed("not a sealed state")
    if data[8] != 1:
        raise FormatTooNew(f"version {data[8]} of sealed states is not known")
    if any(data[9:12]):
        raise Malformed("reserved bytes are not zero")
    key = hkdf(secret, data[12:44], f"trybuy/v1/state/{trial}", 32)
    state = parse_json(open_gcm(key, ZERO_NONCE, data[44:], "the sealed state"))
    check_state(state)
    return state

"""The Builder license (BL-1 to BL-5) and sealed states (BL-6)."""

import re

from .documents import (
    UUID, array, base64_of, digest, instant, integer, one_of, or_null, parse_json, parse_table,
    platform, record, text, uuid,
)
from .failures import FileDamaged, FormatTooNew, Malformed, WrongKey
from .primitives import RSA_BYTES, ZERO_NONCE, BuilderKey, PublicKey, from_base64, hkdf, open_gcm
from .signed import verify_document

STATE_CAP = 65536
STATE_HEAD = 44

check_license = record({
    "format": integer(1),
    "license_id": uuid,
    "licensee_ids": array(uuid, 1, 16),
    "kind": one_of("trial", "full"),
    "holder": record({"name": text(1, 100), "email": text(3, 254)}),
    "platform": platform,
    "builder_key_id": digest,
    "request_key": base64_of(32),
    "sealed_secret": base64_of(RSA_BYTES),
    "issued_at": instant,
    "ends_at": or_null(instant),
    "terms_digest": digest,
})


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


def open_state(data: bytes, secret: bytes, name: str) -> dict:
    """Opens a sealed state; `name` is `clock` or a trial id (BL-6)."""
    if not re.fullmatch(rf"clock|{UUID}", name, re.ASCII):
        raise Malformed("the name of a state is clock or a trial id")
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
    key = hkdf(secret, data[12:44], f"trybuy/v1/state/{name}", 32)
    state = parse_json(open_gcm(key, ZERO_NONCE, data[44:], "the sealed state"))
    if type(state) is not dict:
        raise Malformed("the state is not a JSON object")
    return state

"""Who a gateway says a request is from (LI-10), and the response to a challenge (LI-9)."""

import hashlib
import re

from .documents import (
    application_id, digest, instant, label, one_of, or_null, parse_object, semantic_version,
)
from .failures import Ended, Malformed, WrongKey
from .licensing import SPKI_START, document_parts, verify_es256
from .primitives import from_base64, sha256_hex
from .seat_licenses import PLATFORM_TYPES, ascending_features, license_id

TOKEN_CAP, KEY_SET_CAP = 16 << 10, 64 << 10


def _seconds(value) -> None:
    if type(value) is not int:
        raise Malformed("a number of seconds expected")


_LICENSE = {
    "id": license_id, "kind": one_of("permanent", "temporary"), "product_id": application_id,
    "version": semantic_version, "features": ascending_features,
    "platform_type": one_of(*PLATFORM_TYPES), "ends_at": or_null(instant),
}
_CLAIMS = {
    "iss": label, "sub": digest, "iat": _seconds, "exp": _seconds,
    "license": lambda value: _known(value, _LICENSE),
}


def _known(value, members: dict) -> dict:
    """The members that are known, each checked; others are passed over."""
    if type(value) is not dict or not set(members) <= set(value):
        raise Malformed(f"an object with the members {sorted(members)} expected")
    for name, check in members.items():
        check(value[name])
    return {name: value[name] for name in members}


def _key(keys: dict, kid: str) -> bytes:
    """The key of a set with an id, which it really has."""
    if type(keys.get("keys")) is not list:
        raise Malformed("no key set")
    for key in keys["keys"]:
        if type(key) is not dict or key.get("kid") != kid or key.get("alg") != "ES256":
            continue
        if (key.get("kty"), key.get("crv")) != ("EC", "P-256"):
            continue
        spki = SPKI_START + from_base64(key["x"]) + from_base64(key["y"])
        if sha256_hex(spki) == kid:
            return spki
    raise WrongKey("the key set has no key of that id")


def open_identity(keys: str, token: str, at: int) -> dict:
    """Verifies a token with the key set of its gateway; returns its claims."""
    if len(token) > TOKEN_CAP or len(keys) > KEY_SET_CAP:
        raise Malformed("too long")
    header, payload, signature, signed = document_parts(token)
    found = re.fullmatch(rb'\{"alg":"ES256","kid":"([^"\\]*)","typ":"JWT"\}', header)
    if not found:
        raise Malformed("not the header of a token")
    spki = _key(parse_object(keys.encode()), found[1].decode())
    verify_es256(spki, signature, signed)
    claims = _known(parse_object(payload), _CLAIMS)
    claims["license"] = _known(claims["license"], _LICENSE)
    if at >= claims["exp"]:
        raise Ended("the token has ended")
    return claims


def challenge_response(challenge: bytes, image: bytes) -> str:
    """What a client answers to a challenge."""
    return hashlib.sha256(challenge + image + challenge).hexdigest()

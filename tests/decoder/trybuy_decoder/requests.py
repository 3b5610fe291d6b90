"""Signed requests of a Builder (RQ-1 to RQ-5)."""

import base64
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .documents import UUID
from .failures import ClockSkew, FileDamaged, Malformed, WrongKey

WINDOW = 300
_KEY = rf"{UUID}|[A-Za-z0-9_-]{{43}}"
_INPUT = re.compile(
    r'trybuy=(\("@method" "@path" "@query" "content-digest"\)'
    rf';created=(0|[1-9][0-9]{{0,14}});keyid="({_KEY})";alg="ed25519")',
    re.ASCII,
)


def _bytes_item(value: str, label: str, length: int) -> bytes:
    """The one byte sequence (RFC 8941, 3.3.5) of a dictionary with the one member `label`."""
    found = re.fullmatch(rf"{label}=:([A-Za-z0-9+/]+={{0,2}}):", value, re.ASCII)
    if not found:
        raise Malformed(f"{label}=:…: expected")
    try:
        data = base64.b64decode(found[1], validate=True)
    except ValueError as error:
        raise Malformed(f"the base64 of {label} is wrong") from error
    if base64.b64encode(data).decode() != found[1] or len(data) != length:
        raise Malformed(f"{label} has another length or spelling")
    return data


def signature_base(method: str, path: str, query: str | None, digest: str, params: str) -> bytes:
    """The signature base of RFC 9421, section 2.5; `query` without its question mark."""
    lines = (
        f'"@method": {method}',
        f'"@path": {path}',
        f'"@query": ?{query or ""}',
        f'"content-digest": {digest}',
        f'"@signature-params": {params}',
    )
    return "\n".join(lines).encode("ascii")


def _check_target(method: str, path: str, query: str | None) -> None:
    forms = ((r"[A-Z]+", method), (r"/[!-\"$->@-~]*", path), (r"[!-\"$-~]*", query or ""))
    if not all(re.fullmatch(form, value, re.ASCII) for form, value in forms):
        raise Malformed("the method or target is impossible")


def verify_request(*, key: bytes, keyid: str, now: int, method: str, path: str,
                   query: str | None, headers: dict, body: bytes) -> dict:
    """Verifies a request; `headers` by lower-case name. Returns `created` and `keyid`."""
    _check_target(method, path, query)
    try:
        given, signature, digest = (
            headers[name] for name in ("signature-input", "signature", "content-digest")
        )
    except KeyError as error:
        raise Malformed("a header is missing") from error
    found = _INPUT.fullmatch(given)
    if not found:
        raise Malformed("Signature-Input is not as RQ-1 has it")
    tag = _bytes_item(signature, "trybuy", 64)
    if _bytes_item(digest, "sha-256", 32) != hashlib.sha256(body).digest():
        raise FileDamaged("the content digest is not that of the body")
    if found[3] != keyid:
        raise WrongKey("signed with another key")
    try:
        base = signature_base(method, path, query, digest, found[1])
        Ed25519PublicKey.from_public_bytes(key).verify(tag, base)
    except InvalidSignature as error:
        raise FileDamaged("the signature of the request is wrong") from error
    created = int(found[2])
    if abs(now - created) > WINDOW:
        raise ClockSkew("the request was signed at another time")
    return {"created": created, "keyid": found[3]}

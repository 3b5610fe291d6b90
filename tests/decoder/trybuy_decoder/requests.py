"""Signed requests of a Builder (RQ-1 to RQ-8)."""

import base64
import hashlib
import re

from .documents import UUID
from .ed25519 import verify_ed25519
from .expiry import LAST_INSTANT
from .failures import ClockSkew, FileDamaged, Malformed, WrongKey
from .primitives import from_base64

WINDOW = 300
_KEY = rf"{UUID}|[A-Za-z0-9_-]{{43}}"
_INPUT = re.compile(
    r'trybuy=(\("@method" "@path" "@query" "content-digest"\)'
    rf';created=(0|[1-9][0-9]{{0,14}});keyid="({_KEY})";alg="ed25519")',
    re.ASCII,
)


def _signature(value: str) -> bytes:
    """The one byte sequence (RFC 8941, 3.3.5) of the dictionary `Signature`."""
    found = re.fullmatch(r"trybuy=:([A-Za-z0-9+/]{86}==):", value, re.ASCII)
    data = base64.b64decode(found[1]) if found else b""
    if not found or base64.b64encode(data).decode() != found[1]:
        raise Malformed("Signature is not as RQ-4 has it")
    return data


def _input(value: str) -> tuple:
    """Parameters, SECONDS and KEY of `Signature-Input`."""
    found = _INPUT.fullmatch(value)
    if not found or int(found[2]) > LAST_INSTANT:
        raise Malformed("Signature-Input is not as RQ-1 has it")
    if len(found[3]) == 43:
        from_base64(found[3])
    return found[1], int(found[2]), found[3]


def content_digest(body: bytes) -> str:
    """`Content-Digest` of a body (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def signature_base(method: str, path: str, query: str | None, digest: str, params: str) -> bytes:
    """The signature base of RFC 9421, section 2.5; `query` without its question mark."""
    lines = (
        f'"@method": {method}',
        f'"@path": {path}',
        f'"@query": ?{query or ""}',
        f'"content-digest": {digest}',
        f'"@signature-params": {params}',
    )
    return "\n".join(lines).encode()


def verify_request(*, key: bytes, keyid: str, now: int, method: str, path: str,
                   query: str | None, headers: dict, body: bytes) -> dict:
    """Verifies a request; `headers` by lower-case name. Returns `created` and `keyid`."""
    try:
        given, signature, digest = (
            headers[name] for name in ("signature-input", "signature", "content-digest")
        )
    except KeyError as error:
        raise Malformed("a header is missing") from error
    params, created, named = _input(given)
    tag = _signature(signature)
    if abs(now - created) > WINDOW:
        raise ClockSkew("the request was signed at another time")
    if named != keyid:
        raise WrongKey("signed with another key")
    if digest != content_digest(body):
        raise FileDamaged("the content digest is not that of the body")
    verify_ed25519(key, tag, signature_base(method, path, query, digest, params), "the request")
    return {"created": created, "keyid": named}

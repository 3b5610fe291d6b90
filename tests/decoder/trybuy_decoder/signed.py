"""Signed documents (CI-1, CI-2)."""

import base64

from .failures import Malformed, WrongKey
from .primitives import RSA_BYTES, PublicKey, from_base64

PAYLOAD_CAP = 8192
DOCUMENT_CAP = 24576


def _header(kid: str, kind: str) -> str:
    header = '{"alg":"PS256","kid":"%s","typ":"%s"}' % (kid, kind)
    return base64.urlsafe_b64encode(header.encode()).rstrip(b"=").decode()


def _check_header(header: str, key: PublicKey, kind: str) -> None:
    if header == _header(key.key_id, kind):
        return
    received = from_base64(header)
    start, end = b'{"alg":"PS256","kid":"', b'","typ":"%s"}' % kind.encode()
    kid = received[len(start) : -len(end)]
    same = received.startswith(start) and received.endswith(end)
    if same and len(kid) == 64 and all(c in b"0123456789abcdef" for c in kid):
        raise WrongKey("signed with the key of another server")
    raise Malformed("not the header of this type of signed document")


def verify_document(document: bytes, key: PublicKey, kind: str) -> bytes:
    """Verifies a signed document of the type `kind` and returns its payload's bytes."""
    if len(document) > DOCUMENT_CAP:
        raise Malformed("the signed document is too long")
    try:
        header, payload, signature = document.decode("ascii").split(".")
    except ValueError as error:
        raise Malformed("not a compact JWS of three parts") from error
    _check_header(header, key, kind)
    received = from_base64(payload)
    tag = from_base64(signature)
    if len(tag) != RSA_BYTES:
        raise Malformed("the signature is not 384 bytes long")
    key.verify(tag, f"{header}.{payload}".encode("ascii"), "the signed document")
    if len(received) > PAYLOAD_CAP:
        raise Malformed("the payload is longer than 8192 bytes")
    return received

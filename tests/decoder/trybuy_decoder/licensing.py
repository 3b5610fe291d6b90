"""Documents of the licensing system (LI-2 to LI-12)."""

import base64
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from .authorities import Authorities
from .certificates import CERTIFICATE_CAP, FILE_CAP, Certificate
from .documents import (
    LARGEST_INTEGER, application_id, array, base64_of, boolean, digest, instant, integer, label,
    left_out_or, line, matching, name, one_of, or_null, parse_table, record, semantic_version,
    semver_order, text, uuid,
)
from .failures import FileDamaged, Malformed, WrongKey
from .primitives import RSA_BYTES, ZERO_NONCE, BuilderKey, from_base64, hkdf, open_gcm, sha256_hex
from .seat_licenses import PLATFORM_TYPES, ascending_features

CERTIFIED_CAP = 2 << 20
SPKI_START = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
RSA_SPKI_BYTES = 422
IMAGE_CAP = 1 << 30
MOST_LICENSES = 10_000_000
PACK_CAP = 512 << 10


def _license_type(value) -> None:
    if type(value) is dict and value.get("kind") == "full":
        record({"kind": one_of("full")})(value)
    else:
        record({"kind": one_of("upgrade"), "from": semantic_version})(value)


_product_members = record({
    "product_id": application_id, "version": semantic_version, "license_type": _license_type,
    "platform_type": one_of(*PLATFORM_TYPES), "features": ascending_features,
})


def _product(value) -> None:
    _product_members(value)
    older = value["license_type"].get("from")
    if older is not None and not semver_order(older) < semver_order(value["version"]):
        raise Malformed("an upgrade is to a newer version")


def _software_id(value) -> None:
    matching(r"[0-9a-f]{16}", "a client software id")(value)
    if value[:2] not in ("01", "02") or value[2:8] == "000000":
        raise Malformed("no such platform or vendor")


def _bytes(most: int):
    def check(value):
        base64_of(None)(value)
        if len(from_base64(value)) > most:
            raise Malformed(f"at most {most} bytes expected")

    return check


_certificate_file = text(0, FILE_CAP)
_order = record({
    "format": integer(1), "order_id": uuid, "license_server": label, "product": _product,
    "quantity": integer(1, MOST_LICENSES), "certificate": _certificate_file, "ordered_at": instant,
})
_sealed_pack = record({
    "format": integer(1), "order_id": uuid, "license_server": label, "recipient_key_id": digest,
    "sealed": _bytes(PACK_CAP),
})
_image = record({
    "format": integer(1), "software_id": _software_id, "name": name, "version": semantic_version,
    "size": integer(1, IMAGE_CAP), "digest": digest, "signed_at": instant,
})
_response = record({
    "format": integer(1), "token": _bytes(1024), "response": digest, "software_id": _software_id,
    "product_id": application_id, "version": semantic_version, "features": ascending_features,
    "encryption_key": base64_of(RSA_SPKI_BYTES),
    "held_license": left_out_or(_bytes(CERTIFICATE_CAP)),
})
_upgrade = record({
    "format": integer(1), "license": _bytes(CERTIFICATE_CAP), "version": semantic_version,
    "features": ascending_features, "encryption_key": base64_of(RSA_SPKI_BYTES),
})
_records = record({
    "format": integer(1), "license_server": label,
    "mark": record({"accepted_at": or_null(instant), "records": integer(0), "mac": digest}),
    "restored": boolean,
})
_locale = matching(r"(?=.{2,35})[a-z]{2,8}(-[A-Za-z0-9]{1,8})*", "a language tag")
_pack_members = record({
    "format": integer(1), "pack_id": uuid, "clearinghouse": label, "order_id": uuid,
    "license_server": label, "issued_at": instant, "first_active_at": instant,
    "ends_at": or_null(instant), "begin_serial": integer(1),
    "quantity": integer(1, MOST_LICENSES),
    "descriptions": array(record({"locale": _locale, "text": line(1, 1000)}), 1, 16),
    "manufacturer": name, "family": label, "product": _product,
})


def _pack(value) -> None:
    _pack_members(value)
    locales = [it["locale"] for it in value["descriptions"]]
    if len(set(locales)) != len(locales):
        raise Malformed("two descriptions in one language")
    if value["ends_at"] and instant(value["ends_at"]) <= instant(value["first_active_at"]):
        raise Malformed("a pack ends before it is active")
    if value["begin_serial"] + value["quantity"] > LARGEST_INTEGER:
        raise Malformed("serial numbers are too large")


# By type: the cap of the payload, its check, and the role that signs it (none: a client).
TYPES = {
    "trybuy-purchase-order": (FILE_CAP + 4096, _order, "license-issuer"),
    "trybuy-license-pack": (PACK_CAP // 3 * 4 + 4096, _sealed_pack, "clearinghouse"),
    "trybuy-client-image": (2048, _image, "image-vendor"),
    "trybuy-license-records": (1024, _records, "license-issuer"),
    "trybuy-challenge-response": (12288, _response, None),
    "trybuy-license-upgrade": (12288, _upgrade, None),
}


def document_parts(document: str) -> tuple:
    """Header, payload, signature and what is signed of a JWS."""
    try:
        header, payload, signature = document.encode("ascii").decode().split(".")
    except ValueError as error:
        raise Malformed("not a compact JWS of three parts") from error
    parts = [from_base64(part) for part in (header, payload, signature)]
    return *parts, f"{header}.{payload}".encode()


def verify_es256(spki: bytes, signature: bytes, signed: bytes) -> None:
    """Verifies a signature of ES256 (RFC 7518, 3.4)."""
    if len(signature) != 64:
        raise FileDamaged("the signature is not 64 bytes long")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), spki[-65:])
    except ValueError as error:
        raise Malformed("not a point of P-256") from error
    pair = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    try:
        key.verify(encode_dss_signature(*pair), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise FileDamaged("the signature of the document is wrong") from error


def _payload(kind: str, payload: bytes) -> dict:
    cap, check, _ = TYPES[kind]
    if len(payload) > cap:
        raise Malformed("the payload is too long")
    return parse_table(payload, check)


def open_client_document(document: str, kind: str) -> tuple:
    """Verifies what a client signed (LI-3); returns the client's id and the payload."""
    cap = TYPES[kind][0]
    if len(document) > 2 * cap:
        raise Malformed("the document is too long")
    header, payload, signature, signed = document_parts(document)
    found = re.fullmatch(
        rb'\{"alg":"ES256","jwk":\{"crv":"P-256","kty":"EC","x":"([A-Za-z0-9_-]{43})",'
        rb'"y":"([A-Za-z0-9_-]{43})"\},"typ":"%s"\}' % kind.encode(), header,
    )
    if not found:
        raise Malformed("not the header of a client's document")
    spki = SPKI_START + b"".join(from_base64(part.decode()) for part in found.groups())
    verify_es256(spki, signature, signed)
    return sha256_hex(spki), _payload(kind, payload)


def open_certified(authorities: Authorities, document: str, kind: str, at: int) -> tuple:
    """Verifies what is signed under a certificate (LI-4); returns the signer's id and the payload."""
    if len(document) > CERTIFIED_CAP:
        raise Malformed("the document is too long")
    header, payload, signature, signed = document_parts(document)
    found = re.fullmatch(
        rb'\{"alg":"ES256","typ":"%s","x5c":\[(|"[A-Za-z0-9+/=,\"]*")\]\}'
        % kind.encode(), header,
    )
    if not found:
        raise Malformed("not the header of a document under a certificate")
    chain = []
    for part in found[1].strip(b'"').split(b'","') if found[1] else ():
        try:
            der = base64.b64decode(part, validate=True)
        except ValueError as error:
            raise Malformed("not base64 with padding") from error
        if base64.b64encode(der) != part:
            raise Malformed("not the one base64 spelling")
        chain.append(Certificate(der))
    signer = authorities.verify(chain, TYPES[kind][2], at)
    verify_es256(chain[0].spki, signature, signed)
    payload = _payload(kind, payload)
    if _signer_in(payload) not in (None, signer):
        raise Malformed("signed by another than it is about")
    return signer, payload


def _signer_in(payload: dict):
    """Whom a document names as its signer: none only if it is a license pack."""
    if "software_id" in payload:
        return str(int(payload["software_id"][2:8], 16))
    return None if "sealed" in payload else payload["license_server"]


def open_sealed(key: BuilderKey, label: str, sealed: bytes) -> bytes:
    """Opens a sealed message (LI-2)."""
    if len(sealed) < RSA_BYTES:
        raise FileDamaged("the sealed message is cut off")
    secret = key.unwrap(sealed[:RSA_BYTES], label, "the sealed message")
    return open_gcm(hkdf(secret, b"", label, 32), ZERO_NONCE, sealed[RSA_BYTES:], "the message")


def open_pack(authorities: Authorities, key: BuilderKey, document: str, at: int) -> dict:
    """Verifies and decrypts a license pack (LI-6)."""
    signer, outside = open_certified(authorities, document, "trybuy-license-pack", at)
    if outside["recipient_key_id"] != key.key_id:
        raise WrongKey("the pack is for another key")
    message = open_sealed(key, "trybuy/v1/license-pack", from_base64(outside["sealed"]))
    pack = parse_table(message, _pack)
    same = all(pack[name] == outside[name] for name in ("order_id", "license_server"))
    if pack["clearinghouse"] != signer or not same:
        raise Malformed("the pack is another than it is said to be outside")
    return pack

"""The vectors of certificates and of the documents of the licensing system (VE-5, VE-6)."""

import base64

from .authorities import ROLES, Authorities, key_id
from .certificates import read_pem
from .documents import instant, one_of
from .failures import Chain
from .identities import challenge_response, open_identity
from .licensing import TYPES, open_certified, open_client_document, open_pack, open_sealed
from .primitives import BuilderKey
from .revocations import check_revocations
from .seat_licenses import verify_license
from .vector_inputs import any_order, decode, some_bytes, some_text

CLASSES = (
    "chain", "untrusted", "signature", "algorithm", "not-yet-valid", "ended", "role", "key",
    "profile", "license-fields",
)


def _certificate(keys, given: dict) -> dict:
    authorities, chain = Authorities(given["authorities"]), read_pem(given["chain"])
    at = instant(given["at"])
    if given["role"] == "seat-license":
        subject, fields = verify_license(authorities, chain, at)
        return {"subject_id": subject, "key_id": key_id(chain[0]), "license": fields}
    subject = authorities.verify(chain, given["role"], at)
    return {"subject_id": subject, "key_id": key_id(chain[0])}


def _certified(keys, given: dict) -> dict:
    subject, payload = open_certified(
        Authorities(given["authorities"]), given["document"], given["type"], instant(given["at"])
    )
    return {"subject_id": subject, "payload": payload}


def _client(keys, given: dict) -> dict:
    client, payload = open_client_document(given["document"], given["type"])
    return {"client_id": client, "payload": payload}


def _pack(keys, given: dict) -> dict:
    authorities, key = Authorities(given["authorities"]), BuilderKey(decode(given["key"]))
    return {"pack": open_pack(authorities, key, given["document"], instant(given["at"]))}


def _sealed(keys, given: dict) -> dict:
    message = open_sealed(
        BuilderKey(decode(given["key"])), f"trybuy/v1/{given['purpose']}", decode(given["sealed"])
    )
    return {"message": base64.urlsafe_b64encode(message).rstrip(b"=").decode()}


def _revocations(keys, given: dict) -> dict:
    issuer, certificate = read_pem(given["issuer"]), read_pem(given["certificate"])
    if not len(issuer) == len(certificate) == 1:
        raise Chain("one certificate expected")
    return check_revocations(decode(given["list"]), issuer[0], certificate[0])


def _identity(keys, given: dict) -> dict:
    return {"claims": open_identity(given["keys"], given["token"], instant(given["at"]))}


def _challenge(keys, given: dict) -> dict:
    return {"response": challenge_response(decode(given["challenge"]), decode(given["image"]))}


_TRUST = {"authorities": some_text, "at": instant}
_CERTIFIED = one_of(*(kind for kind, (_, _, role) in TYPES.items() if role))
_CLIENT = one_of(*(kind for kind, (_, _, role) in TYPES.items() if not role))
FORMATS = {
    "certificate": (
        any_order({**_TRUST, "chain": some_text, "role": one_of(*ROLES)}), _certificate,
    ),
    "certified-document": (
        any_order({**_TRUST, "type": _CERTIFIED, "document": some_text}), _certified,
    ),
    "client-document": (any_order({"type": _CLIENT, "document": some_text}), _client),
    "identity-token": (
        any_order({"keys": some_text, "token": some_text, "at": instant}), _identity,
    ),
    "challenge": (any_order({"challenge": some_bytes, "image": some_bytes}), _challenge),
    "license-pack": (any_order({**_TRUST, "key": some_bytes, "document": some_text}), _pack),
    "sealed-message": (
        any_order({
            "key": some_bytes, "purpose": one_of("license-pack", "seat-license"),
            "sealed": some_bytes,
        }),
        _sealed,
    ),
    "revocation-list": (
        any_order({"issuer": some_text, "certificate": some_text, "list": some_bytes}),
        _revocations,
    ),
}

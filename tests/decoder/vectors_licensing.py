"""Vectors of the signed documents of the licensing system."""

import base64
import json

import certificate_encoder as ce
import encoder as enc
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from vectors_certificates import AT, World

ORDER = "0198c0de-0000-7000-8000-00000000000b"
PRODUCT = {
    "product_id": "com.example.sketch", "version": "4.2.0", "license_type": {"kind": "full"},
    "platform_type": "windows", "features": ["export", "print"],
}
SOFTWARE = "0100126700000005"


def write(writer) -> None:
    """Writes them all."""
    world = World(writer)
    documents = Documents(world)
    _write_headers(documents)
    _write_client_headers(documents)
    _write_payloads(documents)
    _write_wrong_payloads(documents)


def es256(key: ce.Signer, signed: bytes) -> bytes:
    """A signature as RFC 7518 (3.4) has it."""
    pair = decode_dss_signature(key.private.sign(signed, ec.ECDSA(hashes.SHA256())))
    return b"".join(number.to_bytes(32, "big") for number in pair)


def jws(key: ce.Signer, header: bytes, payload: bytes) -> str:
    """A JWS in compact serialisation."""
    text = f"{enc.b64(header)}.{enc.b64(payload)}"
    return f"{text}.{enc.b64(es256(key, text.encode()))}"


def jwk(key: ce.Signer) -> dict:
    """A key of P-256 as RFC 7517 has it."""
    x, y = key.spki[-64:-32], key.spki[-32:]
    return {"crv": "P-256", "kty": "EC", "x": enc.b64(x), "y": enc.b64(y)}


class Documents:
    """Documents of each type, and who signs them."""

    def __init__(self, world: World):
        self.world = world
        self.key_bytes = world.writer.builder.spki
        self.payloads = {
            "trybuy-purchase-order": {
                "format": 1, "order_id": ORDER, "license_server": "license-server-1",
                "product": PRODUCT, "quantity": 25,
                "certificate": ce.pem(world.leaves["license-server"].der()),
                "ordered_at": "2026-05-31T10:00:00Z",
            },
            "trybuy-license-pack": {
                "format": 1, "order_id": ORDER, "license_server": "license-server-1",
                "recipient_key_id": world.writer.builder.id, "sealed": enc.b64(bytes(500)),
            },
            "trybuy-client-image": {
                "format": 1, "software_id": SOFTWARE, "name": "Sketch viewer", "version": "5.0.1",
                "size": 123456, "digest": enc.sha(b"image"), "signed_at": "2026-05-01T00:00:00Z",
            },
            "trybuy-license-records": {
                "format": 1, "license_server": "license-server-1",
                "mark": {"accepted_at": None, "records": 17, "mac": enc.sha(b"record")},
                "restored": False,
            },
            "trybuy-challenge-response": {
                "format": 1, "token": enc.b64(b"token"), "response": enc.sha(b"response"),
                "software_id": SOFTWARE, "product_id": "com.example.sketch", "version": "4.2.0",
                "features": ["export"], "encryption_key": enc.b64(self.key_bytes),
            },
            "trybuy-license-upgrade": {
                "format": 1, "license": enc.b64(world.leaves["seat-license"].der()),
                "version": "5.0.0", "features": [], "encryption_key": enc.b64(self.key_bytes),
            },
        }
        self.roles = {
            "trybuy-purchase-order": "license-issuer", "trybuy-license-pack": "clearinghouse",
            "trybuy-client-image": "image-vendor", "trybuy-license-records": "license-issuer",
        }

    def header(self, kind: str, **changes) -> dict:
        """The header of a document."""
        if kind in self.roles:
            chain = [self.world.leaves[self.roles[kind]].der()]
            enclosed = [base64.b64encode(der).decode() for der in chain]
            return {"alg": "ES256", "typ": kind, "x5c": enclosed} | changes
        return {"alg": "ES256", "jwk": jwk(self.world.client), "typ": kind} | changes

    def signer(self, kind: str) -> ce.Signer:
        """Who signs a type of documents."""
        role = self.roles.get(kind)
        return self.world.leaves[role].key if role else self.world.client

    def made(self, kind: str, payload=None, header=None) -> str:
        """A document; header and payload are objects or bytes."""
        header = self.header(kind) if header is None else header
        payload = self.payloads[kind] if payload is None else payload
        parts = (it if isinstance(it, bytes) else enc.jsn(it) for it in (header, payload))
        return jws(self.signer(kind), *parts)

    def trust(self) -> dict:
        """The members of the input that say what is trusted."""
        return {"authorities": ce.pem(self.world.root.der()), "at": AT}

    def case(self, name, expect, rule, kind, document, payload=None, **changes):
        """Writes the vector of a document."""
        given = {"type": kind, "document": document}
        result = {"payload": payload or self.payloads[kind]}
        if kind in self.roles:
            given = self.trust() | given
            leaf = self.world.result(self.roles[kind])
            result = {"subject_id": leaf["subject_id"]} | result
            form = "certified-document"
        else:
            result = {"client_id": self.world.client.client_id} | result
            form = "client-document"
        short = kind.removeprefix("trybuy-")
        self.world.writer.write(f"{short}-{name}", form, expect, rule, given | changes, result)


def _write_headers(made: Documents) -> None:
    world, kind = made.world, "trybuy-client-image"
    good, payload = made.made(kind), enc.jsn(made.payloads[kind])
    der = world.leaves["image-vendor"].der()
    encoded = base64.b64encode(der).decode()
    root = base64.b64encode(world.root.der()).decode()
    other = world.leaves["clearinghouse"]
    of_other = made.header(kind, x5c=[base64.b64encode(other.der()).decode()])
    for name, header in (
        ("with-authority", made.header(kind, x5c=[encoded, root])), ("plain", made.header(kind)),
    ):
        made.case(name, "accept", "LI-4", kind, made.made(kind, header=header))
    for name, header in (
        ("alg-none", made.header(kind, alg="none")), ("alg-es384", made.header(kind, alg="ES384")),
        ("other-type", made.header(kind, typ="trybuy-license-pack")),
        ("member-order", dict(reversed(made.header(kind).items()))),
        ("spaced-header", json.dumps(made.header(kind)).encode()),
        ("kid", made.header(kind, kid="1")), ("crit", made.header(kind, crit=["exp"])),
        ("with-jwk", made.header(kind, jwk=jwk(world.client))),
        ("only-jwk", {"alg": "ES256", "jwk": jwk(world.client), "typ": kind}),
        ("base64url", made.header(kind, x5c=[enc.b64(der)])),
        ("base64-lines", made.header(kind, x5c=[encoded[:64] + "\n" + encoded[64:]])),
        ("x5c-text", made.header(kind, x5c=encoded)),
        ("certificate-and-byte", made.header(kind, x5c=[base64.b64encode(der + b"\0").decode()])),
    ):
        made.case(name, "malformed", "LI-4", kind, made.made(kind, header=header))
    for name, expect, document, changes in (
        ("no-certificate", "chain", made.made(kind, header=made.header(kind, x5c=[])), {}),
        ("not-in-order", "chain",
         made.made(kind, header=made.header(kind, x5c=[root, encoded])), {}),
        ("other-authority", "untrusted", good,
         {"authorities": ce.pem(ce.root("Another", ce.ecdsa()).der())}),
        ("ended", "ended", good, {"at": "2035-01-01T00:00:01Z"}),
        ("role", "role", jws(other.key, enc.jsn(of_other), payload), {}),
        ("of-another", "file-damaged", jws(world.client, enc.jsn(made.header(kind)), payload), {}),
    ):
        made.case(name, expect, "LI-4", kind, document, **changes)
    _write_forms(made, kind)


def _write_forms(made: Documents, kind: str) -> None:
    """What holds for every JWS."""
    good = made.made(kind)
    header, payload, signature = good.split(".")
    der = made.signer(kind).sign(f"{header}.{payload}".encode())
    last = "B" if signature[0] == "A" else "A"
    for name, expect, document in (
        ("two-parts", "malformed", f"{header}.{payload}"), ("four-parts", "malformed", good + "."),
        ("padded", "malformed", good + "=="), ("newline", "malformed", good + "\n"),
        ("der-signature", "file-damaged", f"{header}.{payload}.{enc.b64(der)}"),
        ("short-signature", "file-damaged", f"{header}.{payload}.{enc.b64(bytes(63))}"),
        ("signature", "file-damaged", f"{header}.{payload}.{last}{signature[1:]}"),
        ("zero-signature", "file-damaged", f"{header}.{payload}.{enc.b64(bytes(64))}"),
        ("other-payload", "file-damaged",
         f"{header}.{enc.b64(enc.jsn(made.payloads[kind] | {'size': 1}))}.{signature}"),
    ):
        made.case(f"form-{name}", expect, "LI-3", kind, document)


def _write_client_headers(made: Documents) -> None:
    kind = "trybuy-license-upgrade"
    good, client = jwk(made.world.client), made.world.client
    made.case("plain", "accept", "LI-3", kind, made.made(kind))
    off = enc.b64(bytes(32))
    for name, changes in (
        ("alg-none", {"alg": "none"}), ("other-type", {"typ": "trybuy-challenge-response"}),
        ("curve", {"jwk": good | {"crv": "P-384"}}), ("kty", {"jwk": good | {"kty": "OKP"}}),
        ("key-order", {"jwk": dict(reversed(good.items()))}),
        ("key-member", {"jwk": good | {"use": "sig"}}),
        ("private-key", {"jwk": good | {"d": off}}),
        ("off-curve", {"jwk": good | {"y": off}}), ("short-x", {"jwk": good | {"x": off[:42]}}),
        ("member", {"kid": client.client_id}),
    ):
        document = made.made(kind, header=made.header(kind, **changes))
        made.case(name, "malformed", "LI-3", kind, document)
    other = made.header(kind, jwk=jwk(ce.ecdsa()))
    made.case("of-another", "file-damaged", "LI-3", kind, made.made(kind, header=other))
    _write_forms(made, kind)


def _write_payloads(made: Documents) -> None:
    upgrade = {"license_type": {"kind": "upgrade", "from": "3.0.0"}}
    legacy = PRODUCT | upgrade | {"platform_type": "legacy", "features": []}
    held = {"held_license": enc.b64(made.world.leaves["seat-license"].der())}
    most_features = PRODUCT | {"features": [f"f{n:02}" for n in range(32)]}
    order, image = "trybuy-purchase-order", "trybuy-client-image"
    response, records = "trybuy-challenge-response", "trybuy-license-records"
    change, mark = "trybuy-license-upgrade", made.payloads[records]["mark"]
    accepted = {"mark": mark | {"accepted_at": "2026-05-01T00:00:00Z"}, "restored": True}
    for name, kind, changes in (
        ("plain", records, {}), ("accepted", records, accepted),
        ("none", records, {"mark": mark | {"records": 0}}),
        ("most", records, {"mark": mark | {"records": 2**53 - 1}}),
        ("plain", order, {}), ("plain", response, {}), ("plain", "trybuy-license-pack", {}),
        ("upgrade", order, {"product": legacy}), ("features-32", order, {"product": most_features}),
        ("quantity-1", order, {"quantity": 1}), ("quantity-most", order, {"quantity": 10**7}),
        ("held-license", response, held), ("size-most", image, {"size": 2**30}),
        ("non-windows", response, {"software_id": "02ffffffffffffff"}),
        ("no-features", response, {"features": []}),
        ("features-32", response, {"features": most_features["features"]}),
        ("features", change, {"features": ["export", "print"]}),
    ):
        payload = made.payloads[kind] | changes
        made.case(name, "accept", "LI-5 to LI-12", kind, made.made(kind, payload), payload)
    for kind in made.payloads:
        _write_spellings(made, kind)


def _write_spellings(made: Documents, kind: str) -> None:
    """What holds for every payload."""
    payload = made.payloads[kind]
    made.case("format-2", "format-too-new", "CV-13", kind, made.made(kind, payload | {"format": 2}))
    made.case("format-0", "format-too-new", "CV-13", kind, made.made(kind, payload | {"format": 0}))
    made.case("unknown-member", "malformed", "CV-2", kind, made.made(kind, payload | {"more": 1}))
    spaced = json.dumps(payload, ensure_ascii=False).encode()
    made.case("spaced", "malformed", "CV-2", kind, made.made(kind, spaced))
    swapped = dict(reversed(payload.items()))
    made.case("order", "malformed", "CV-2", kind, made.made(kind, swapped))
    less = {k: v for k, v in payload.items() if k != list(payload)[-1]}
    if kind != "trybuy-license-upgrade":
        made.case("member-missing", "malformed", "CV-2", kind, made.made(kind, less))


def _write_wrong_payloads(made: Documents) -> None:
    order, image = "trybuy-purchase-order", "trybuy-client-image"
    response, change = "trybuy-challenge-response", "trybuy-license-upgrade"
    records = "trybuy-license-records"
    rsa_2048 = enc.b64(ce.rsassa(2048).spki)

    def product(**changes) -> dict:
        return {"product": PRODUCT | changes}

    def mark(**changes) -> dict:
        return {"mark": made.payloads[records]["mark"] | changes}

    for name, kind, changes in (
        ("quantity-0", order, {"quantity": 0}), ("quantity-more", order, {"quantity": 10**7 + 1}),
        ("order-id", order, {"order_id": "1"}), ("server-id", order, {"license_server": "A B"}),
        ("product-id", order, product(product_id="sketch")),
        ("product-version", order, product(version="4")),
        ("license-type", order, product(license_type={"kind": "trial"})),
        ("full-with-from", order, product(license_type={"kind": "full", "from": "3.0.0"})),
        ("upgrade-without-from", order, product(license_type={"kind": "upgrade"})),
        ("upgrade-from-same", order,
         product(license_type={"kind": "upgrade", "from": "4.2.0"})),
        ("platform-type", order, product(platform_type="linux")),
        ("features-order", order, product(features=["print", "export"])),
        ("features-twice", order, product(features=["print", "print"])),
        ("features-33", order, product(features=[f"f{n:02}" for n in range(33)])),
        ("feature-form", order, product(features=["Export"])),
        ("size-0", image, {"size": 0}), ("size-more", image, {"size": 2**30 + 1}),
        ("software-id-short", image, {"software_id": SOFTWARE[1:]}),
        ("software-id-upper-case", image, {"software_id": "01ABCDEF00000005"}),
        ("software-platform-0", image, {"software_id": "0000126700000005"}),
        ("software-platform-3", image, {"software_id": "0300126700000005"}),
        ("software-vendor-0", image, {"software_id": "0100000000000005"}),
        ("name-lines", image, {"name": "two\nlines"}), ("version", image, {"version": "5"}),
        ("number-negative", records, mark(records=-1)),
        ("number-more", records, mark(records=2**53)),
        ("mac-short", records, mark(mac="00")), ("mark-member", records, mark(at=None)),
        ("accepted-never", records, mark(accepted_at="")), ("restored-1", records, {"restored": 1}),
        ("token-1025", response, {"token": enc.b64(bytes(1025))}),
        ("key-rsa-2048", response, {"encryption_key": rsa_2048}),
        ("key-p256", response, {"encryption_key": enc.b64(made.world.client.spki)}),
        ("held-license-null", response, {"held_license": None}),
        ("held-license-4097", response, {"held_license": enc.b64(bytes(4097))}),
        ("features-order", response, {"features": ["print", "export"]}),
        ("features-33", response, {"features": [f"f{n:02}" for n in range(33)]}),
        ("features-order", change, {"features": ["print", "export"]}),
        ("features-twice", change, {"features": ["print", "print"]}),
        ("license-4097", change, {"license": enc.b64(bytes(4097))}),
        ("key-rsa-2048", change, {"encryption_key": rsa_2048}),
        ("license-padded", change, {"license": made.payloads[change]["license"] + "="}),
    ):
        made.case(name, "malformed", "LI-5 to LI-12", kind,
                  made.made(kind, made.payloads[kind] | changes))
    other = made.payloads[image] | {"software_id": "0100126800000005"}
    foreign = made.payloads[records] | {"license_server": "license-server-2"}
    made.case("of-another", "malformed", "LI-12", records, made.made(records, foreign))
    made.case("of-another-vendor", "malformed", "LI-11", image, made.made(image, other))

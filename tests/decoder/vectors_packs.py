"""Vectors of license packs, sealed messages and revocation lists."""

import base64
import json

import certificate_encoder as ce
import encoder as enc
from vectors_certificates import PACK, World
from vectors_licensing import ORDER, PRODUCT, Documents, jws

DESCRIPTIONS = [
    {"locale": "en", "text": "Sketch 4, 25 seats"}, {"locale": "de-CH", "text": "Sketch 4 ü"},
]
SIXTEEN = [{"locale": f"en-x-{n:02}", "text": "T" * 1000} for n in range(16)]
CONTENTS = {
    "format": 1, "pack_id": PACK, "clearinghouse": "clearinghouse-1", "order_id": ORDER,
    "license_server": "license-server-1", "issued_at": "2026-05-31T12:00:00Z",
    "first_active_at": "2026-06-01T00:00:00Z", "ends_at": None, "begin_serial": 1,
    "quantity": 25, "descriptions": DESCRIPTIONS, "manufacturer": "Example Ltd",
    "family": "sketch", "product": PRODUCT,
}
LABEL = b"trybuy/v1/license-pack"


def write(writer) -> None:
    """Writes them all."""
    world = World(writer)
    packs = Packs(world)
    _write_packs(packs)
    _write_contents(packs)
    _write_sealed(world)
    _write_lists(world)
    _write_wrong_lists(world)
    _write_wrong_reasons(world)


def seal(key: enc.Key, label: bytes, message: bytes) -> bytes:
    """A sealed message (LI-2)."""
    secret = bytes(range(1, 33))
    return key.wrap(secret, label) + enc.seal(enc.hkdf(secret, b"", label, 32), bytes(12), message)


class Packs:
    """License packs in the making."""

    def __init__(self, world: World):
        self.documents, self.builder = Documents(world), world.writer.builder
        self.stranger, self.write = world.writer.stranger, world.writer.write

    def given(self, pack, label: bytes = LABEL, **outside) -> dict:
        """The input of a vector; a pack is an object or bytes."""
        text = pack if isinstance(pack, bytes) else enc.jsn(pack)
        sealed = enc.b64(seal(self.builder, label, text))
        kind = "trybuy-license-pack"
        payload = self.documents.payloads[kind] | {"sealed": sealed} | outside
        document = self.documents.made(kind, payload)
        return self.documents.trust() | {"key": enc.b64(self.builder.pkcs8), "document": document}

    def case(self, name: str, expect: str, rule: str, given: dict, pack=None) -> None:
        """Writes a vector."""
        result = {"pack": pack or CONTENTS}
        self.write(f"pack-{name}", "license-pack", expect, rule, given, result)


def _write_packs(packs: Packs) -> None:
    for name, changes in (
        ("plain", {}), ("with-end", {"ends_at": "2030-01-01T00:00:00Z"}),
        ("descriptions-16", {"descriptions": SIXTEEN}),
        ("locales-in-other-order", {"descriptions": DESCRIPTIONS[::-1]}),
        ("last-serial", {"begin_serial": 2**53 - 1 - 25}),
        ("upgrade", {"product": PRODUCT | {"license_type": {"kind": "upgrade", "from": "3.0.0"}}}),
    ):
        packs.case(name, "accept", "LI-6", packs.given(CONTENTS | changes), CONTENTS | changes)
    sealed = seal(packs.builder, LABEL, enc.jsn(CONTENTS))
    flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for name, expect, made_of in (
        ("format-2", "format-too-new", packs.given(CONTENTS | {"format": 2})),
        ("outside-format-2", "format-too-new", packs.given(CONTENTS, format=2)),
        ("other-key-id", "wrong-key", packs.given(CONTENTS, recipient_key_id=enc.sha(b"other"))),
        ("other-key", "wrong-key", packs.given(CONTENTS) | {"key": enc.b64(packs.stranger.pkcs8)}),
        ("other-label", "file-damaged", packs.given(CONTENTS, b"trybuy/v1/seat-license")),
        ("sealed-flipped", "file-damaged", packs.given(CONTENTS, sealed=enc.b64(flipped))),
        ("sealed-short", "file-damaged", packs.given(CONTENTS, sealed=enc.b64(bytes(383)))),
        ("role", "role", packs.given(CONTENTS) | {"document": _pack_of_issuer(packs.documents)}),
    ):
        packs.case(name, expect, "LI-6", made_of)


def _pack_of_issuer(made: Documents) -> str:
    """A pack that the license server signed itself."""
    issuer, kind = made.world.issuer, "trybuy-license-pack"
    header = made.header(kind, x5c=[base64.b64encode(issuer.der()).decode()])
    return jws(issuer.key, enc.jsn(header), enc.jsn(made.payloads[kind]))


def _write_contents(packs: Packs) -> None:
    two = [DESCRIPTIONS[0], DESCRIPTIONS[0]]
    for name, changes in (
        ("other-clearinghouse", {"clearinghouse": "clearinghouse-2"}),
        ("other-order", {"order_id": PACK}), ("other-server", {"license_server": "server-2"}),
        ("begin-0", {"begin_serial": 0}), ("quantity-0", {"quantity": 0}),
        ("quantity-more", {"quantity": 10**7 + 1}),
        ("serials-beyond", {"begin_serial": 2**53 - 1}),
        ("no-description", {"descriptions": []}), ("locale-twice", {"descriptions": two}),
        ("descriptions-17", {"descriptions": [*SIXTEEN, DESCRIPTIONS[0]]}),
        ("locale", {"descriptions": [{"locale": "en_US", "text": "T"}]}),
        ("locale-upper-case", {"descriptions": [{"locale": "EN", "text": "T"}]}),
        ("text-empty", {"descriptions": [{"locale": "en", "text": ""}]}),
        ("text-1001", {"descriptions": [{"locale": "en", "text": "ü" * 1001}]}),
        ("text-lines", {"descriptions": [{"locale": "en", "text": "two\nlines"}]}),
        ("ends-at-start", {"ends_at": CONTENTS["first_active_at"]}),
        ("manufacturer", {"manufacturer": " Example"}), ("family", {"family": "Sketch"}),
        ("unknown-member", {"more": 1}),
    ):
        packs.case(name, "malformed", "LI-6", packs.given(CONTENTS | changes))
    spaced = json.dumps(CONTENTS, ensure_ascii=False).encode()
    packs.case("spaced", "malformed", "CV-2", packs.given(spaced))


def _write_sealed(world) -> None:
    builder, label = world.writer.builder, b"trybuy/v1/seat-license"
    message = ce.pem(*world.chain("seat-license")).encode()
    good = seal(builder, label, message)
    secret, short = bytes(range(1, 33)), bytes(31)
    other_nonce = builder.wrap(secret, label) + enc.seal(
        enc.hkdf(secret, b"", label, 32), bytes(11) + b"\x01", message)
    of_31 = builder.wrap(short, label) + enc.seal(
        enc.hkdf(short, b"", label, 32), bytes(12), message)
    raw_key = builder.wrap(secret, label) + enc.seal(secret, bytes(12), message)
    for name, expect, purpose, sealed, text in (
        ("license", "accept", "seat-license", good, message),
        ("pack", "accept", "license-pack", seal(builder, b"trybuy/v1/license-pack", b"{}"), b"{}"),
        ("nothing", "accept", "seat-license", seal(builder, label, b""), b""),
        ("other-purpose", "file-damaged", "license-pack", good, None),
        ("of-another", "file-damaged", "seat-license",
         seal(world.writer.stranger, label, message), None),
        ("nonce", "file-damaged", "seat-license", other_nonce, None),
        ("secret-31-bytes", "file-damaged", "seat-license", of_31, None),
        ("key-not-derived", "file-damaged", "seat-license", raw_key, None),
        ("longer", "file-damaged", "seat-license", good + b"\0", None),
        ("cut", "file-damaged", "seat-license", good[:-1], None),
        ("cut-in-key", "file-damaged", "seat-license", good[:383], None),
        ("without-message", "file-damaged", "seat-license", good[:384], None),
    ):
        given = {"key": enc.b64(builder.pkcs8), "purpose": purpose, "sealed": enc.b64(sealed)}
        result = {"message": enc.b64(text or b"")}
        world.writer.write(f"sealed-{name}", "sealed-message", expect, "LI-2", given, result)


def _write_list(world, name: str, expect: str, made, **result) -> None:
    given = {
        "issuer": ce.pem(world.issuer.der()),
        "certificate": ce.pem(world.leaves["seat-license"].der()),
        "list": enc.b64(made if isinstance(made, bytes) else made.der()),
    }
    found = {
        "entries": 2, "revoked": True, "reason": None, "this_update": "2026-06-01T00:00:00Z",
        "next_update": "2026-06-08T00:00:00Z",
    } | result
    world.writer.write(f"revocations-{name}", "revocation-list", expect, "CT-10", given, found)


def _entries(world) -> tuple:
    """Entries of another license and of the one in question."""
    return ce.revoked(ce.integer(2**100)), ce.revoked(world.leaves["seat-license"].serial)


def _write_lists(world) -> None:
    license, (other, this) = world.leaves["seat-license"], _entries(world)
    good = ce.revocation_list(world.issuer, other, this)
    superseded = ce.revoked(license.serial, ce.reason(b"\x04"))
    withdrawn = ce.revoked(license.serial, ce.reason(b"\x09"))
    none = {"entries": 0, "revoked": False}
    fewer = {"entries": 1, "revoked": False}
    later = "2050-01-01T00:00:00Z"
    for name, made, result in (
        ("two", good, {}), ("none", good.but(entries=()), none),
        ("others", good.but(entries=(other,)), fewer),
        ("superseded", good.but(entries=(other, superseded)), {"reason": "superseded"}),
        ("withdrawn", good.but(entries=(withdrawn, other)), {"reason": "privilegeWithdrawn"}),
        ("two-reasons", good.but(entries=(superseded, withdrawn)),
         {"entries": 1, "reason": "privilegeWithdrawn"}),
        ("same-twice", good.but(entries=(this, this)), {"entries": 1}),
        ("after-2049", good.but(next_update=ce.time(later)), {"next_update": later}),
    ):
        _write_list(world, name, "accept", made, **result)


def _write_wrong_lists(world) -> None:
    license, (other, this) = world.leaves["seat-license"], _entries(world)
    good = ce.revocation_list(world.issuer, other, this)
    superseded = ce.reason(b"\x04")
    der = good.der()
    only = ce.extension("2.5.29.28", ce.seq(ce.tlv(0x81, b"\xff")), True)
    number = "2.5.29.20"
    for name, expect, made in (
        ("trailing-byte", "malformed", der + b"\0"), ("cut", "malformed", der[:-1]),
        ("empty-list-written", "malformed", good.but(entries=(b"",))),
        ("generalized-time", "malformed", good.but(this_update=ce.tlv(0x18, b"20260601000000Z"))),
        ("entry-extension-twice", "profile", good.but(entries=(
            ce.revoked(license.serial, superseded, superseded),))),
        ("entry-without-extension", "malformed", good.but(entries=(
            ce.seq(license.serial, ce.time("2026-05-01T00:00:00Z"), ce.seq()),))),
        ("entry-short-serial", "profile", good.but(entries=(ce.revoked(ce.integer(7)),))),
        ("entry-generalized-time", "malformed", good.but(entries=(
            ce.seq(license.serial, ce.tlv(0x18, b"20260501000000Z")),))),
        ("number-without-value", "profile", good.but({"number": ce.extension(number, b"")})),
        ("version-1", "malformed", good.but(version=b"")),
        ("version-3", "malformed", good.but(version=ce.integer(2))),
        ("no-next-update", "profile", good.but(next_update=b"")),
        ("no-number", "profile", good.but({"number": None})),
        ("number-negative", "profile", good.but({"number": ce.extension(number, ce.integer(-1))})),
        ("no-key-id", "profile", good.but({"authority_key": None})),
        ("key-id", "untrusted", good.but({"authority_key": ce.authority_key(bytes(20))})),
        ("number-twice", "profile", good.but({"again": ce.extension(number, ce.integer(8))})),
        ("only-some", "profile", good.but({"only": only})),
        ("entry-critical", "profile", good.but(
            entries=(ce.revoked(license.serial, ce.reason(b"\x04", True)), other))),
        ("algorithm", "algorithm", good.but(inner=ce.seq(ce.oid("1.2.840.10045.4.3.3")))),
        ("flipped", "signature", good.der(lambda data: data[:-1] + bytes([data[-1] ^ 1]))),
        ("of-another", "signature", good.but(signer=ce.ecdsa())),
        ("other-issuer", "untrusted", good.but(issuer=world.root.subject)),
    ):
        _write_list(world, name, expect, made)


def _write_wrong_reasons(world) -> None:
    license, (other, _) = world.leaves["seat-license"], _entries(world)
    good = ce.revocation_list(world.issuer)
    kind = "2.5.29.21"
    for name, extension in (
        ("unspecified", ce.reason(b"\x00")), ("key-compromise", ce.reason(b"\x01")),
        ("hold", ce.reason(b"\x06")), ("unassigned", ce.reason(b"\x07")),
        ("removed", ce.reason(b"\x08")), ("beyond-all", ce.reason(b"\x0b")),
        ("negative", ce.reason(b"\x84")), ("without-value", ce.reason(b"")),
        ("padded", ce.reason(b"\x00\x04")), ("wide", ce.reason(b"\x01\x04")),
        ("integer", ce.extension(kind, ce.integer(4))),
        ("trailing-byte", ce.extension(kind, ce.tlv(0x0A, b"\x04") + b"\0")),
        ("long-length", ce.extension(kind, b"\x0a\x81\x01\x04")),
        ("empty", ce.extension(kind, b"")),
    ):
        made = good.but(entries=(ce.revoked(license.serial, extension), other))
        _write_list(world, f"reason-{name}", "profile", made)

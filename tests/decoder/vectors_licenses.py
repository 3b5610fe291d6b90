"""Vectors of the fields of seat licenses."""

import json

import certificate_encoder as ce
import encoder as enc
from vectors_certificates import PACK, World, fields


OTHER_PACK = "0198c0de-0000-7000-8000-00000000000c"


def write(writer) -> None:
    """Writes them all."""
    world = World(writer)
    licenses = Fields(world)
    _write_fields(licenses)
    _write_spellings(licenses)
    _write_values(licenses)
    _write_strange_license_keys(world)


class Fields:
    """Seat licenses whose fields differ."""

    def __init__(self, world: World):
        self.world, self.good = world, world.leaves["seat-license"]

    def of(self, value) -> ce.Template:
        """A license with fields of its own, an object or bytes."""
        return self.good.but({"fields": fields(value)})

    def having(self, **changes) -> ce.Template:
        """A license with some other fields."""
        return self.of(self.world.license | changes)

    def case(self, name: str, expect: str, made: ce.Template, license=None) -> None:
        """Writes a vector."""
        result = self.world.result("seat-license", license=license)
        chain = [made.der(), self.world.issuer.der()]
        self.world.write(f"fields-{name}", expect, "CT-9, LI-7", "seat-license", chain,
                         result=result)


def _write_fields(it: Fields) -> None:
    temporary = {"license_id": f"{PACK}.0", "kind": "temporary", "pack_id": None}
    for name, changes in (
        ("without-end", {"ends_at": None}), ("temporary", temporary),
        ("seat-again", {"license_id": f"{PACK}.17.3"}),
        ("upgraded", {"license_id": f"{OTHER_PACK}.17"}), ("no-features", {"features": []}),
        ("features-32", {"features": [f"f{n:02}" for n in range(32)]}),
        ("format-2", {"format": 2}), ("format-largest", {"format": 2**32 - 1}),
        ("certificate-shorter", {"ends_at": "2027-06-01T00:00:00Z"}),
    ):
        it.case(name, "accept", it.having(**changes), it.world.license | changes)
    newer = it.world.license | {"format": 2}
    more = {"colour": "blue", "weight": 1.5, "more": {"deep": [None, -1]}}
    for name, text in (
        ("format-2-and-more", enc.jsn(newer | more)),
        ("format-2-spaced", json.dumps(newer).encode()),
        ("format-2-other-order", enc.jsn(dict(reversed((newer | more).items())))),
    ):
        it.case(name, "accept", it.of(text), newer)
    early = {"issued_at": "2025-12-31T23:00:00Z"}
    it.case("issued-at-not-before", "accept", it.having(**early), it.world.license | early)


def _write_spellings(it: Fields) -> None:
    text = enc.jsn(it.world.license)
    newer = it.world.license | {"format": 2}
    for name, made in (
        ("missing", it.good.but({"fields": None})),
        ("format-2-member-missing", it.of(
            {k: v for k, v in newer.items() if k != "features"})),
        ("not-json", it.of(text[:-1])),
        ("printable-string", it.good.but({"fields": ce.extension(
            f"{ce.ARC}.16", ce.tlv(0x13, text))})),
        ("no-string", it.good.but({"fields": ce.extension(f"{ce.ARC}.16", text)})),
        ("trailing-byte", it.good.but({"fields": ce.extension(
            f"{ce.ARC}.16", ce.tlv(0x0C, text) + b"\0")})),
        ("spaced", it.of(json.dumps(it.world.license).encode())),
        ("other-order", it.of(dict(reversed(it.world.license.items())))),
        ("member-twice", it.of(text[:-1] + b',"version":"4.2.0"}')),
        ("member-missing", it.of(
            {k: v for k, v in it.world.license.items() if k != "version"})),
    ):
        it.case(name, "license-fields", made)
    it.case("critical", "profile", it.good.but({"fields": fields(it.world.license, critical=True)}))


def _write_values(it: Fields) -> None:
    other = ce.ecdsa().client_id
    for name, made in (
        ("unknown-member", it.having(colour="blue")),
        ("format-beyond", it.having(format=2**32)),
        ("format-2-of-another", it.having(format=2, client_id=other)),
        ("format-2-kind", it.having(format=2, kind="trial")),
        ("of-another-client", it.having(client_id=other)),
        ("of-another-server", it.having(license_server="license-server-2")),
        ("format-0", it.having(format=0)), ("format-text", it.having(format="1")),
        ("issued-before-not-before", it.having(issued_at="2025-12-31T22:59:59Z")),
        ("certificate-longer", it.having(ends_at="2026-12-31T23:59:59Z")),
        ("ends-before-issue", it.having(
            issued_at="2028-01-01T00:00:00Z", ends_at="2027-12-31T00:00:00Z")),
        ("permanent-without-pack", it.having(pack_id=None)),
        ("temporary-of-pack", it.having(license_id=f"{PACK}.0", kind="temporary")),
        ("permanent-serial-0", it.having(license_id=f"{PACK}.0")),
        ("temporary-serial", it.having(kind="temporary", pack_id=None)),
        ("temporary-turn", it.having(
            license_id=f"{PACK}.0.1", kind="temporary", pack_id=None)),
        ("format-2-temporary-serial", it.having(format=2, kind="temporary", pack_id=None)),
        ("kind", it.having(kind="trial")),
        ("id-turn-0", it.having(license_id=f"{PACK}.17.0")),
        ("id-no-serial", it.having(license_id=PACK)),
        ("features-order", it.having(features=["print", "export"])),
        ("features-twice", it.having(features=["print", "print"])),
        ("features-33", it.having(features=[f"f{n:02}" for n in range(33)])),
        ("version", it.having(version="4.2")), ("product", it.having(product_id="sketch")),
        ("platform-type", it.having(platform_type="linux")),
    ):
        it.case(name, "license-fields", made)


def _write_strange_license_keys(world) -> None:
    """A certificate that names a client, for the key of another."""
    good, issuer = world.leaves["seat-license"], world.issuer
    world.write("license-for-another-key", "license-fields", "CT-9", "seat-license",
                [good.but(key=ce.ecdsa()).der(), issuer.der()])
    world.write("license-key-rsa", "key", "CT-7", "seat-license",
                [good.but(spki=world.decryption.spki).der(), issuer.der()])
    world.write("license-key-compressed", "key", "CT-7", "seat-license",
                [good.but(spki=ce.compressed(good.key)).der(), issuer.der()])

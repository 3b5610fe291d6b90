"""Vectors of certificates: the roles, and the rules for the certificate of one."""

import certificate_encoder as ce
import encoder as enc
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AT = "2026-06-01T00:00:00Z"
PACK = "0198c0de-0000-7000-8000-00000000000a"
IDS = {
    "clearinghouse": "clearinghouse-1", "license-server": "license-server-1",
    "image-vendor": "4711", "license-issuer": "license-server-1",
}
SERIAL = ce.integer(0x1122334455667788)
LICENSE = {
    "format": 1, "license_id": f"{PACK}.17", "client_id": "", "issued_at": "2026-01-01T00:00:00Z",
    "ends_at": "2027-01-01T00:00:00Z", "license_server": "license-server-1", "kind": "permanent",
    "pack_id": PACK, "product_id": "com.example.sketch", "version": "4.2.0",
    "features": ["export", "print"], "platform_type": "windows",
}


def fields(value, critical: bool = False) -> bytes:
    """The extension with a license's fields, of its JSON text or object."""
    text = value if isinstance(value, bytes) else enc.jsn(value)
    return ce.extension(f"{ce.ARC}.16", ce.tlv(0x0C, text), critical)


class World:
    """An authority, and a certificate of each role under it."""

    def __init__(self, writer):
        self.writer = writer
        self.root = ce.root("Authority", ce.ecdsa())
        self.decryption = ce.rsassa(3072, private=writer.builder.private)
        self.leaves = {}
        for role, id in IDS.items():
            key = self.decryption if role == "license-server" else ce.ecdsa()
            self.leaves[role] = ce.leaf(role, id, key, self.root)
        self.issuer = self.leaves["license-issuer"]
        self.client = ce.ecdsa()
        self.license = LICENSE | {"client_id": self.client.client_id}
        self.leaves["seat-license"] = self.seat(self.issuer)

    def seat(self, issuer: ce.Template, **changes) -> ce.Template:
        """A seat license under a license issuer; `changes` are those of its fields."""
        made = ce.leaf("seat-license", self.client.client_id, self.client, issuer)
        return made.but(
            {"fields": fields(self.license | changes)},
            not_before=ce.time("2025-12-31T23:00:00Z"), not_after=ce.time("2027-01-01T00:00:00Z"),
        )

    def result(self, role: str, leaf: ce.Template | None = None, license=None) -> dict:
        """The result of an accepted certificate."""
        leaf = leaf or self.leaves[role]
        id = IDS.get(role, self.client.client_id)
        found = {"subject_id": id, "key_id": leaf.key.client_id}
        return found | ({"license": license or self.license} if role == "seat-license" else {})

    def chain(self, role: str) -> list:
        """The chain of a role up to the authority, which is not in it."""
        leaf = self.leaves[role].der()
        return [leaf, self.issuer.der()] if role == "seat-license" else [leaf]

    def write(self, name, expect, rule, role, chain, *, at=AT, authorities=None, result=None):
        """Writes a vector; a chain and authorities are certificates or PEM."""
        trusted = [self.root.der()] if authorities is None else authorities
        given = {
            "authorities": trusted if isinstance(trusted, str) else ce.pem(*trusted),
            "chain": chain if isinstance(chain, str) else ce.pem(*chain), "role": role, "at": at,
        }
        result = result or self.result(role)
        self.writer.write(f"certificate-{name}", "certificate", expect, rule, given, result)

    def one(self, name, expect, rule, leaf, role="clearinghouse", **settings):
        """Writes a vector of one certificate under the authority."""
        der = leaf.der() if isinstance(leaf, ce.Template) else leaf
        self.write(name, expect, rule, role, [der], **settings)


def write(writer) -> None:
    """Writes them all."""
    world = World(writer)
    _write_roles(world)
    _write_encodings(world)
    _write_pem(world)
    _write_fields(world)
    _write_names(world)
    _write_extensions(world)
    _write_ids(world)
    _write_uses(world)
    _write_keys(world)


def _write_roles(world) -> None:
    for role in world.leaves:
        world.write(role, "accept", "CT table", role, world.chain(role))
        for other in world.leaves:
            if other != role:
                world.write(f"{role}-as-{other}", "role", "CT-6", other, world.chain(role))
    for name, expect, role, at in (
        ("first-second", "accept", "clearinghouse", "2025-01-01T00:00:00Z"),
        ("last-second", "accept", "clearinghouse", "2035-01-01T00:00:00Z"),
        ("too-early", "not-yet-valid", "clearinghouse", "2024-12-31T23:59:59Z"),
        ("too-late", "ended", "clearinghouse", "2035-01-01T00:00:01Z"),
        ("license-first-second", "accept", "seat-license", "2025-12-31T23:00:00Z"),
        ("license-last-second", "accept", "seat-license", "2027-01-01T00:00:00Z"),
        ("license-too-early", "not-yet-valid", "seat-license", "2025-12-31T22:59:59Z"),
        ("license-too-late", "ended", "seat-license", "2027-01-01T00:00:01Z"),
    ):
        # The authority is valid for longer, so that it is the certificate that decides.
        root = world.root.but(
            not_before=ce.time("2020-01-01T00:00:00Z"), not_after=ce.time("2050-01-01T00:00:00Z")
        )
        world.write(name, expect, "CT-5", role, world.chain(role), at=at, authorities=[root.der()])


def _long_form(der: bytes) -> bytes:
    """The same with a length in one byte more than it needs."""
    count = der[1] & 0x7F
    return der[:1] + bytes([0x80 | count + 1, 0]) + der[2:]


def _write_encodings(world) -> None:
    good = world.leaves["clearinghouse"]
    der = good.der()
    indefinite = der[:1] + b"\x80" + der[4:] + b"\0\0"
    for name, made in (
        ("long-length", _long_form(der)), ("indefinite-length", indefinite),
        ("trailing-byte", der + b"\0"), ("cut", der[:-1]), ("empty", b""),
        ("no-certificate", b"\x30\0"),
        ("generalized-time", good.but(not_before=ce.tlv(0x18, b"20250101000000Z"))),
        ("time-without-seconds", good.but(not_before=ce.tlv(0x17, b"2501010000Z"))),
        ("time-with-offset", good.but(not_before=ce.tlv(0x17, b"250101000000+0000"))),
        ("before-1970", good.but(not_before=ce.time("1969-12-31T23:59:59Z"))),
        ("time-with-fraction", good.but(not_after=ce.tlv(0x18, b"20510101000000.5Z"))),
        ("month-13", good.but(not_before=ce.tlv(0x17, b"251301000000Z"))),
        ("long-serial-encoding", good.but(serial=ce.tlv(2, b"\0" + bytes([0x12] * 8)))),
        ("default-not-critical", good.but({"subject_key": ce.seq(
            ce.oid("2.5.29.14"), b"\x01\x01\x00", ce.tlv(4, ce.tlv(4, good.key.key_id)))})),
        ("critical-01", good.but({"usage": ce.seq(
            ce.oid("2.5.29.15"), b"\x01\x01\x01", ce.tlv(4, b"\x03\x02\x07\x80"))})),
        ("empty-part-of-name", good.but(subject=good.subject[:1] + bytes([good.subject[1] + 2])
                                        + ce.tlv(0x31) + good.subject[2:])),
        ("arc-of-33-bits", good.but({"more": ce.extension(f"1.2.{2**32}", ce.NULL)})),
        ("second-arc-40", good.but({"more": ce.extension("2.40.1", ce.NULL)})),
        ("unordered-name", good.but(subject=ce.seq(ce.tlv(
            0x31, ce.seq(ce.oid("2.5.4.5"), ce.printable("clearinghouse-1")),
            ce.seq(ce.oid("2.5.4.3"), ce.utf8("A")))))),
        ("4097-bytes", _of_size(good, 4097)),
    ):
        world.one(name, "malformed", "CT-1", made)
    for name, end in (("2050", "2050-01-01T00:00:00Z"), ("9999", "9999-12-31T23:59:59Z")):
        world.one(f"until-{name}", "accept", "CT-1", good.but(not_after=ce.time(end)))
    world.one("4096-bytes", "accept", "CT-1", _of_size(good, 4096))


def _write_pem(world) -> None:
    der = world.leaves["clearinghouse"].der()
    text = ce.pem(der)
    other = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
    first, *lines, last = text.splitlines()
    one_line = "\n".join((first, "".join(lines), last, ""))
    for name, expect, made in (
        ("other-pem-around", "accept", other + text + other), ("one-line", "malformed", one_line),
        ("without-last-newline", "accept", text.rstrip()),
    ):
        world.write(name, expect, "CT-1", "clearinghouse", made)
    world.write("same-5-times", "chain", "CT-2", "clearinghouse", [der] * 5)
    world.write("file-too-long", "malformed", "CT-1", "clearinghouse", text + " " * 65536)
    around = "Subject: Zoë\n" + text.replace("\n", "\r\n") + "more text\n"
    world.write("text-around", "accept", "CT-1", "clearinghouse", around)
    for name, broken in (
        ("pem-not-base64", text.replace("MII", "M*I")), ("pem-cut", text[:-30]),
        ("pem-characters", text.replace("MII", "MIII")),
    ):
        world.write(name, "malformed", "CT-1", "clearinghouse", broken)
    world.write("no-chain", "chain", "CT-2", "clearinghouse", "")
    world.write("malformed-authority", "malformed", "CT-1", "clearinghouse", [der],
                authorities=[world.root.der() + b"\0"])


def _of_size(good: ce.Template, size: int) -> bytes:
    """A certificate of a size, signed until its signature has the length that is wanted."""
    filler = size - len(good.der())
    for _ in range(200):
        filling = ce.extension("1.3.6.1.4.1.1.1", ce.tlv(4, bytes(filler)))
        der = good.but({"filler": filling}).der()
        difference = size - len(der)
        if difference == 0:
            return der
        filler += difference if abs(difference) > 2 else 0
    raise ValueError("no signature of the wanted length")


def _write_fields(world) -> None:
    good = world.leaves["clearinghouse"]
    for name, expect, made in (
        ("serial-sign-byte", "accept", good.but(serial=ce.integer(2**127))),
        ("serial-8-bytes", "accept", good.but(serial=SERIAL)),
        ("serial-20-bytes", "accept", good.but(serial=ce.integer(2**159 - 1))),
        ("serial-7-bytes", "profile", good.but(serial=ce.integer(2**55 - 1))),
        ("serial-21-bytes", "profile", good.but(serial=ce.integer(2**159))),
        ("serial-zero", "profile", good.but(serial=ce.integer(0))),
        ("serial-negative", "profile", good.but(serial=ce.integer(-(2**70)))),
        ("version-1", "profile", good.but(version=b"")),
        ("version-2", "profile", good.but(version=ce.tlv(0xA0, ce.integer(1)))),
        ("version-4", "malformed", good.but(version=ce.tlv(0xA0, ce.integer(3)))),
        ("issuer-unique-id", "profile", good.but(unique=ce.tlv(0x81, b"\0\x01"))),
        ("subject-unique-id", "profile", good.but(unique=ce.tlv(0x82, b"\0\x01"))),
    ):
        world.one(name, expect, "CT-8", made)


def _write_names(world) -> None:
    good = world.leaves["clearinghouse"]
    number = "clearinghouse-1"

    def named(*values: bytes) -> ce.Template:
        return good.but(subject=ce.seq(*(ce.attribute("2.5.4.5", value) for value in values)))

    for name, expect, made in (
        ("id-ia5", "profile", named(ce.tlv(0x16, number.encode()))),
        ("id-teletex", "profile", named(ce.tlv(0x14, number.encode()))),
        ("id-bmp", "profile", named(ce.tlv(0x1E, number.encode("utf-16-be")))),
        ("name-bmp", "accept", good.but(subject=ce.seq(
            ce.attribute("2.5.4.10", ce.tlv(0x1E, "Zoë".encode("utf-16-be"))),
            ce.attribute("2.5.4.3", ce.tlv(0x14, b"Zo\xeb")),
            ce.attribute("2.5.4.5", ce.printable(number))))),
        ("id-utf8", "accept", named(ce.utf8(number))),
        ("id-in-one-part", "accept", good.but(subject=ce.seq(ce.tlv(
            0x31, ce.seq(ce.oid("2.5.4.3"), ce.utf8("A")),
            ce.seq(ce.oid("2.5.4.5"), ce.printable(number)))))),
        ("id-twice", "profile", named(ce.printable(number), ce.printable(number))),
        ("two-ids", "profile", named(ce.printable(number), ce.printable("clearinghouse-2"))),
        ("no-id", "profile", good.but(subject=ce.name("A clearinghouse"))),
        ("no-name", "profile", good.but(subject=ce.seq())),
        ("id-upper-case", "profile", named(ce.printable("Clearinghouse"))),
        ("id-dash", "profile", named(ce.printable("clearinghouse-"))),
        ("id-empty", "profile", named(ce.printable(""))),
        ("id-64", "profile", named(ce.printable("c" * 64))),
    ):
        world.one(name, expect, "CT-8", made)


def _write_extensions(world) -> None:
    good = world.leaves["clearinghouse"]
    for name, expect, made in (
        ("authority-key-issuer", "accept", good.but({"authority_key": _authority_key(world.root)})),
        ("extension-twice", "profile", good.but({"again": ce.subject_key(good.key.key_id)})),
        ("usage-twice", "profile", good.but({"again": ce.key_usage(ce.DIGITAL_SIGNATURE)})),
        ("unknown-extension", "accept", good.but({"more": ce.extension("1.2.3.4", ce.NULL)})),
        ("unknown-critical-extension", "profile",
         good.but({"more": ce.extension("1.2.3.4", ce.NULL, True)})),
        ("name-constraints-critical", "profile", good.but({"more": _name_constraints(True)})),
        ("policies-critical", "profile", good.but({"more": ce.extension(
            "2.5.29.32", ce.seq(ce.seq(ce.oid("2.5.29.32.0"))), True)})),
        ("subject-key-critical", "profile", good.but({"subject_key": ce.extension(
            "2.5.29.14", ce.tlv(4, good.key.key_id), True)})),
        ("default-not-authority", "profile", good.but({"basic": ce.extension(
            "2.5.29.19", ce.seq(b"\x01\x01\x00"))})),
        ("usage-with-zeros", "profile", good.but({"usage": ce.extension(
            "2.5.29.15", b"\x03\x02\x00\x80", True)})),
        ("usage-unused-bits", "profile", good.but({"usage": ce.extension(
            "2.5.29.15", b"\x03\x02\x07\x81", True)})),
        ("usage-trailing-byte", "profile", good.but({"usage": ce.extension(
            "2.5.29.15", b"\x03\x02\x07\x80\x00", True)})),
        ("authority-key-critical", "profile", good.but({"authority_key": ce.extension(
            "2.5.29.35", ce.seq(ce.tlv(0x80, world.root.key.key_id)), True)})),
        ("alternative-name", "accept", good.but({"more": ce.extension(
            "2.5.29.17", ce.seq(ce.tlv(0x82, b"license.example")))})),
    ):
        world.one(name, expect, "CT-8", made)


def _write_ids(world) -> None:
    vendor, issuer = world.leaves["image-vendor"], world.issuer
    for role, made, ids in (
        ("image-vendor", vendor, ("0", "16777216", "04711", "4711a", "-1", "+1")),
        ("license-server", world.leaves["license-server"], ("License Server",)),
        ("license-issuer", issuer, ("license.server",)),
    ):
        for n, id in enumerate(ids):
            world.one(f"{role}-id-{n}", "profile", "CT-8", made.but(subject=ce.name("A", id)), role)
    for name, id in (("first", "1"), ("last", "16777215")):
        world.one(f"{name}-vendor", "accept", "CT-8", vendor.but(subject=ce.name("A", id)),
                  "image-vendor", result=world.result("image-vendor") | {"subject_id": id})
    license = world.leaves["seat-license"]
    for name, id in (("upper-case", world.client.client_id.upper()), ("label", "client")):
        made = license.but(subject=ce.name("A", id))
        world.write(f"license-id-{name}", "profile", "CT-8", "seat-license",
                    [made.der(), issuer.der()])


def _authority_key(root: ce.Template) -> bytes:
    """An authority key identifier with name and serial number too."""
    name = ce.tlv(0xA1, ce.tlv(0xA4, root.subject))
    return ce.extension("2.5.29.35", ce.seq(
        ce.tlv(0x80, root.key.key_id), name, b"\x82" + root.serial[1:]))


def _name_constraints(critical: bool) -> bytes:
    permitted = ce.tlv(0xA0, ce.seq(ce.tlv(0x82, b"example.org")))
    return ce.extension("2.5.29.30", ce.seq(permitted), critical)


def _wrong_uses(role: str) -> list:
    """Extensions that are not those of a role."""
    uses = ce.PURPOSES
    changes = [
        ("without-usage", {"usage": None}), ("without-purposes", {"purposes": None}),
        ("usage-not-critical", {"usage": ce.key_usage(*ce.USAGES[role], critical=False)}),
        ("purposes-not-critical",
         {"purposes": ce.extended_usage(*uses[role], critical=False)}),
        ("more-usage", {"usage": ce.key_usage(*ce.USAGES[role], 1)}),
        ("server-auth", {"purposes": ce.extended_usage(*uses[role], ce.SERVER_AUTH)}),
        ("code-signing", {"purposes": ce.extended_usage(*uses[role], ce.CODE_SIGNING)}),
        ("any-use", {"purposes": ce.extended_usage(*uses[role], ce.ANY_USE)}),
        ("no-purpose", {"purposes": ce.extended_usage()}),
        ("purpose-twice", {"purposes": ce.extended_usage(*uses[role], uses[role][0])}),
        ("only-any-use", {"purposes": ce.extended_usage(ce.ANY_USE)}),
        ("other-purpose", {"purposes": ce.extended_usage(f"{ce.ARC}.5")}),
    ]
    if role == "license-issuer":
        changes += [
            ("not-authority", {"basic": ce.basic(False)}),
            ("without-constraints", {"basic": None}),
            ("constraints-not-critical", {"basic": ce.basic(True, 0, critical=False)}),
            ("without-path-length", {"basic": ce.basic(True)}),
            ("path-length-1", {"basic": ce.basic(True, 1)}),
            ("only-cert-sign", {"usage": ce.key_usage(ce.CERT_SIGN)}),
        ]
    else:
        changes += [
            ("authority", {"basic": ce.basic(True, 0)}),
            ("authority-not-critical", {"basic": ce.basic(True, critical=False)}),
            ("path-length", {"basic": ce.basic(False, 0)}),
        ]
    return changes


def _write_uses(world) -> None:
    uses = ce.PURPOSES
    for role, leaf in world.leaves.items():
        above = [world.issuer.der()] if role == "seat-license" else []
        for name, change in _wrong_uses(role):
            made = leaf.but(change).der()
            world.write(f"{role}-{name}", "role", "CT-6", role, [made, *above])
    good = world.leaves["clearinghouse"]
    license = world.leaves["seat-license"]
    world.one("without-constraints", "accept", "CT-6", good.but({"basic": None}))
    world.one("critical-constraints", "accept", "CT-6", good.but({"basic": ce.basic(False)}))
    order = license.but({"purposes": ce.extended_usage(*reversed(uses["seat-license"]))})
    world.write("purposes-in-other-order", "accept", "CT-6", "seat-license",
                [order.der(), world.issuer.der()])
    for name, only in (("client-auth", ce.CLIENT_AUTH), ("license", f"{ce.ARC}.4")):
        made = license.but({"purposes": ce.extended_usage(only)})
        world.write(f"license-only-{name}", "role", "CT-6", "seat-license",
                    [made.der(), world.issuer.der()])


def _write_keys(world) -> None:
    good = world.leaves["clearinghouse"]
    server = world.leaves["license-server"]
    curve = ec.SECP384R1
    explicit = ce.seq(ce.seq(ce.oid("1.2.840.10045.2.1"), ce.NULL), good.key.spki[-68:])
    point = bytearray(good.key.spki)
    point[-1] ^= 1
    no_null = ce.seq(ce.seq(ce.oid("1.2.840.113549.1.1.1")), world.decryption.spki[19:])
    larger, other = ce.rsassa(4096), ce.rsassa(2048)
    exponent = ce.rsassa(3072, private=rsa.generate_private_key(3, 3072))
    for name, made, role in (
        ("compressed-point", good.but(spki=ce.compressed(good.key)), "clearinghouse"),
        ("point-off-curve", good.but(spki=bytes(point)), "clearinghouse"),
        ("curve-without-name", good.but(spki=explicit), "clearinghouse"),
        ("key-p384", good.but(spki=ce.ecdsa(curve, 3).spki), "clearinghouse"),
        ("key-rsa", good.but(spki=world.decryption.spki), "clearinghouse"),
        ("key-ed25519", good.but(spki=ce.eddsa().spki), "clearinghouse"),
        ("key-p256", server.but(spki=good.key.spki), "license-server"),
        ("key-rsa-2048", server.but(spki=other.spki), "license-server"),
        ("key-rsa-4096", server.but(spki=larger.spki), "license-server"),
        ("key-exponent-3", server.but(spki=exponent.spki), "license-server"),
        ("key-without-null", server.but(spki=no_null), "license-server"),
        ("issuer-p384", world.issuer.but(spki=ce.ecdsa(curve, 3).spki), "license-issuer"),
        ("vendor-rsa", world.leaves["image-vendor"].but(spki=world.decryption.spki),
         "image-vendor"),
    ):
        world.one(name, "key", "CT-7", made, role)

"""Vectors of chains of certificates: their order, authorities and signatures."""

import certificate_encoder as ce
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from vectors_certificates import SERIAL, World



def write(writer) -> None:
    """Writes them all."""
    world = World(writer)
    _write_order(world)
    _write_trust(world)
    _write_authorities(world)
    _write_algorithms(world)


def _leaf(above: ce.Template) -> ce.Template:
    return ce.leaf("clearinghouse", "clearinghouse-1", ce.ecdsa(), above)


def _check(world, name, expect, rule, leaf, *above, **settings) -> None:
    """Writes a vector of a clearinghouse's certificate."""
    chain = [one if isinstance(one, bytes) else one.der() for one in (leaf, *above)]
    if isinstance(leaf, ce.Template):
        settings["result"] = world.result("clearinghouse", leaf)
    world.write(name, expect, rule, "clearinghouse", chain, **settings)


def _write_order(world) -> None:
    root = world.root
    line = [root]
    for n in range(5):
        line.append(ce.below(f"Authority {n}", ce.ecdsa(), line[-1]))
    leaf = _leaf(line[4])
    stranger = ce.below("Stranger", ce.ecdsa(), root)
    _check(world, "with-authority", "accept", "CT-3", _leaf(root), root)
    _check(world, "below-one", "accept", "CT-2", _leaf(line[1]), line[1])
    _check(world, "chain-of-5", "accept", "CT-2", leaf, *line[4:0:-1])
    _check(world, "chain-of-6", "chain", "CT-2", leaf, *line[4::-1])
    one = _leaf(line[1])
    _check(world, "in-other-order", "chain", "CT-2", one, root, line[1])
    _check(world, "more-behind", "chain", "CT-2", _leaf(root), root, stranger)
    _check(world, "twice", "chain", "CT-2", one, one, line[1])
    _check(world, "issuer-left-out", "chain", "CT-2", leaf, line[3], line[2], line[1])
    for name, expect, leaf in (
        ("issuer-name", "chain", one.but(issuer=ce.name("Authority 9"))),
        ("issuer-string-type", "chain", one.but(
            issuer=ce.seq(ce.attribute("2.5.4.3", ce.printable("Authority 0"))))),
        ("issuer-key-id", "chain", one.but({"authority_key": ce.authority_key(bytes(20))})),
        ("without-authority-key", "accept", one.but({"authority_key": None})),
        ("without-subject-key", "accept", one.but({"subject_key": None})),
    ):
        _check(world, name, expect, "CT-2", leaf, line[1])
    bare = line[1].but({"subject_key": None})
    _check(world, "issuer-without-key-id", "accept", "CT-2", one, bare)
    license = world.leaves["seat-license"].der()
    world.write("license-without-issuer", "untrusted", "CT-3", "seat-license", [license])
    world.write("license-under-trusted-issuer", "chain", "CT-9", "seat-license", [license],
                authorities=[world.issuer.der()])
    world.write("issuer-itself-trusted", "accept", "CT-3", "license-issuer",
                [world.issuer.der()], authorities=[world.issuer.der()])
    world.write("issuer-trusted", "accept", "CT-3", "seat-license",
                [license, world.issuer.der()], authorities=[world.issuer.der()])


def _write_trust(world) -> None:
    root, leaf = world.root, world.leaves["clearinghouse"].der()
    other = ce.root("Another", ce.ecdsa())
    others = [ce.root(f"Another {n}", ce.ecdsa()).der() for n in range(5)]
    ended = root.but(not_after=ce.time("2026-05-31T23:59:59Z"))
    namesake = ce.root("Authority", ce.ecdsa())
    bare = namesake.but({"subject_key": None})
    for name, expect, trusted in (
        ("second-authority", "accept", [other.der(), root.der()]),
        ("beside-namesake", "accept", [bare.der(), namesake.der(), root.der()]),
        ("authority-twice", "accept", [root.der(), root.der()]),
        ("beside-ended", "accept", [ended.der(), root.der()]),
        ("authorities-5", "accept", [*others[:4], root.der()]),
        ("authorities-6", "chain", [*others, root.der()]),
        ("beside-no-authority", "role", [root.der(), leaf]),
        ("other-authority", "untrusted", [other.der()]),
        ("namesake", "untrusted", [namesake.der()]),
        ("no-authority", "chain", []),
    ):
        world.write(name, expect, "CT-3", "clearinghouse", [leaf], authorities=trusted)
    world.write("namesake-without-key-id", "signature", "CT-4", "clearinghouse", [leaf],
                authorities=[bare.der()])
    _check(world, "foreign-authority-enclosed", "signature", "CT-4", _leaf(namesake), namesake)
    _check(world, "self-signed", "untrusted", "CT-3", _self_signed())
    renewed = root.but(serial=SERIAL)
    _check(world, "renewed-authority", "accept", "CT-3", _leaf(root), root,
           authorities=[renewed.der()])
    middle = ce.below("Middle", ce.ecdsa(), root)
    _check(world, "trusted-middle", "accept", "CT-3", _leaf(middle), authorities=[middle.der()])
    _check(world, "trusted-middle-enclosed", "accept", "CT-3", _leaf(middle), middle,
           authorities=[middle.der()])


def _self_signed() -> ce.Template:
    key = ce.ecdsa()
    return _leaf(ce.Template(ce.name("A clearinghouse", "clearinghouse-1"), key, b"", key, {}))


def _write_authorities(world) -> None:
    root = world.root
    middle = ce.below("Middle", ce.ecdsa(), root)
    leaf = _leaf(middle)
    soon, late = ce.time("2026-06-01T00:00:01Z"), ce.time("2026-05-31T23:59:59Z")
    changed = [
        ("role", name, change, {}) for name, change in (
            ("not-authority", {"basic": ce.basic(False)}), ("without-constraints", {"basic": None}),
            ("constraints-not-critical", {"basic": ce.basic(True, critical=False)}),
            ("without-usage", {"usage": None}),
            ("only-crl-sign", {"usage": ce.key_usage(ce.CRL_SIGN)}),
            ("usage-not-critical", {"usage": ce.key_usage(ce.CERT_SIGN, critical=False)}),
            ("other-purpose", {"purposes": ce.extended_usage(*ce.PURPOSES["seat-license"])}),
        )
    ] + [
        ("profile", name, change, {}) for name, change in (
            ("unknown-critical", {"more": ce.extension("1.2.3.4", ce.NULL, True)}),
            ("name-constraints", {"more": ce.extension("2.5.29.30", ce.seq(ce.tlv(
                0xA0, ce.seq(ce.tlv(0x82, b"example.org")))), True)}),
            ("extension-twice", {"again": ce.subject_key(middle.key.key_id)}),
        )
    ] + [
        ("accept", name, change, {}) for name, change in (
            ("any-use", {"purposes": ce.extended_usage(ce.ANY_USE)}),
            ("path-length-0", {"basic": ce.basic(True, 0)}),
            ("role-purpose", {"purposes": ce.extended_usage(f"{ce.ARC}.1", ce.SERVER_AUTH)}),
            ("purposes-not-critical",
             {"purposes": ce.extended_usage(f"{ce.ARC}.1", critical=False)}),
            ("more-usage", {"usage": ce.key_usage(ce.DIGITAL_SIGNATURE, ce.CERT_SIGN)}),
        )
    ] + [
        ("profile", "version-1", {}, {"version": b""}),
        ("profile", "serial-7-bytes", {}, {"serial": ce.integer(2**55 - 1)}),
        ("not-yet-valid", "too-early", {}, {"not_before": soon}),
        ("ended", "too-late", {}, {"not_after": late}),
    ]
    for expect, name, change, settings in changed:
        _check(world, f"middle-{name}", expect, "CT-5, CT-8", leaf, middle.but(change, **settings))
    for expect, name, change, settings in changed:
        if name == "other-purpose":
            change = {"purposes": ce.extended_usage(f"{ce.ARC}.2")}
        trusted = root.but(change, **settings)
        if name == "extension-twice":
            trusted = root.but({"again": ce.subject_key(root.key.key_id)})
        _check(world, f"root-{name}", expect, "CT-5, CT-8", _leaf(root),
               authorities=[trusted.der()])
        _check(world, f"root-enclosed-{name}", expect, "CT-5, CT-8", _leaf(root), trusted,
               authorities=[trusted.der()])
    _write_path_lengths(world)


def _write_path_lengths(world) -> None:
    root = world.root
    for length, expect in ((0, "role"), (1, "role"), (2, "accept")):
        trusted = root.but({"basic": ce.basic(True, length)})
        first = ce.below("First", ce.ecdsa(), root)
        second = ce.below("Second", ce.ecdsa(), first, 0)
        _check(world, f"path-length-{length}", expect, "CT-8", _leaf(second), second, first,
               authorities=[trusted.der()])
    middle = ce.below("Middle", ce.ecdsa(), root, 0)
    issuer = ce.leaf("license-issuer", "license-server-1", ce.ecdsa(), middle)
    chain = [world.seat(issuer).der(), issuer.der(), middle.der()]
    world.write("license-path-length", "role", "CT-8", "seat-license", chain)
    world.write("issuer-path-length", "role", "CT-8", "license-issuer", chain[1:],
                result=world.result("license-issuer", issuer))
    good = ce.below("Middle", ce.ecdsa(), root, 1)
    issuer = ce.leaf("license-issuer", "license-server-1", ce.ecdsa(), good)
    chain = [world.seat(issuer).der(), issuer.der(), good.der()]
    world.write("license-below-middle", "accept", "CT-8", "seat-license", chain)
    under = ce.leaf("license-issuer", "license-server-1", ce.ecdsa(), world.issuer)
    above = [under.der(), world.issuer.der()]
    world.write("issuer-under-issuer", "role", "CT-6", "license-issuer", above)
    world.write("license-under-issuer-under-issuer", "role", "CT-6", "seat-license",
                [world.seat(under).der(), *above])
    _check(world, "under-clearinghouse", "role", "CT-8", _leaf(world.leaves["clearinghouse"]),
           world.leaves["clearinghouse"])
    _check(world, "under-license-issuer", "role", "CT-8", _leaf(world.issuer), world.issuer)
    license = world.leaves["seat-license"]
    world.write("license-under-license", "role", "CT-8", "seat-license",
                [world.seat(license).der(), license.der(), world.issuer.der()])
    for length in (255, 256):
        trusted = root.but({"basic": ce.basic(True, length)})
        expect = "accept" if length == 255 else "profile"
        _check(world, f"path-length-{length}", expect, "CT-8", _leaf(root),
               authorities=[trusted.der()])
    nameless = ce.root("", ce.ecdsa()).but(subject=ce.seq(), issuer=ce.seq())
    _check(world, "authority-without-name", "profile", "CT-8", _leaf(nameless),
           authorities=[nameless.der()])
    _write_license_issuers(world)
    _write_purposes(world)


def _write_purposes(world) -> None:
    """Authorities that are not for every use."""
    for name, expect, purposes in (
        ("both-purposes", "accept", ce.PURPOSES["license-issuer"]),
        ("only-client-auth", "role", (ce.CLIENT_AUTH,)),
        ("without-client-auth", "role", (f"{ce.ARC}.4",)),
    ):
        narrow = ce.below("Middle", ce.ecdsa(), world.root)
        narrow = narrow.but({"purposes": ce.extended_usage(*purposes)})
        issuer = ce.leaf("license-issuer", "license-server-1", ce.ecdsa(), narrow)
        chain = [world.seat(issuer).der(), issuer.der(), narrow.der()]
        world.write(f"license-middle-{name}", expect, "CT-8", "seat-license", chain)


def _write_license_issuers(world) -> None:
    """License servers whose certificate lets them issue no licenses, or is not an issuer's."""
    def issued(name, expect, rule, issuer):
        world.write(name, expect, rule, "seat-license", [world.seat(issuer).der(), issuer.der()])

    root, issuer = world.root, world.issuer
    issued("license-under-authority", "role", "CT-9", ce.below("Plain", ce.ecdsa(), root))
    issued("license-of-another-server", "license-fields", "CT-9",
           ce.leaf("license-issuer", "license-server-2", ce.ecdsa(), root))
    for name, change in (
        ("without-purposes", {"purposes": None}),
        ("more-purposes", {"purposes": ce.extended_usage(
            *ce.PURPOSES["license-issuer"], ce.SERVER_AUTH)}),
        ("without-path-length", {"basic": ce.basic(True)}),
        ("more-usage", {"usage": ce.key_usage(0, 5, 6)}),
    ):
        issued(f"license-issuer-{name}-above", "role", "CT-9", issuer.but(change))


def _write_algorithms(world) -> None:
    for name, key in (
        ("p256", ce.ecdsa()), ("p384", ce.ecdsa(ec.SECP384R1, 3, hashes.SHA384)),
        ("rsa-2048", ce.rsassa(2048)), ("rsa-4096-sha384", ce.rsassa(4096, 12, hashes.SHA384)),
        ("rsa-3072-sha512", ce.rsassa(3072, 13, hashes.SHA512)), ("ed25519", ce.eddsa()),
    ):
        root = ce.root("Corporate root", key)
        middle = ce.below("Corporate", ce.ecdsa(), root)
        settings = {"authorities": [root.der()]}
        _check(world, f"root-{name}", "accept", "CT-4", _leaf(root), **settings)
        _check(world, f"root-enclosed-{name}", "accept", "CT-4", _leaf(root), root, **settings)
        _check(world, f"middle-under-{name}", "accept", "CT-4", _leaf(middle), middle, **settings)
        middle = ce.below("Corporate", key, world.root)
        _check(world, f"middle-{name}", "accept", "CT-4", _leaf(middle), middle)
    _write_refused_algorithms(world)
    _write_signatures(world)


def _write_refused_algorithms(world) -> None:
    strong, p384 = ce.rsassa(2048), ec.generate_private_key(ec.SECP384R1())
    p256 = ec.generate_private_key(ec.SECP256R1())
    for name, key in (
        ("rsa-1024", ce.rsassa(1024)),
        ("rsa-2047", ce.rsassa(2047)),
        ("rsa-sha1", ce.rsassa(0, 5, hashes.SHA1, strong.private)),
        ("rsa-without-null", ce.rsassa(0, private=strong.private, parameters=b"")),
        ("rsa-pss", ce.rsassa_pss(strong.private)),
        ("ecdsa-sha1", ce.Signer(
            p256, ce.seq(ce.oid("1.2.840.10045.4.1")), ec.ECDSA(hashes.SHA1()))),
        ("ecdsa-sha512", ce.ecdsa(number=4, hash=hashes.SHA512, private=p256)),
        ("p256-sha384", ce.ecdsa(number=3, hash=hashes.SHA384, private=p256)),
        ("p384-sha256", ce.ecdsa(number=2, hash=hashes.SHA256, private=p384)),
        ("p521", ce.ecdsa(ec.SECP521R1, 4, hashes.SHA512)),
        ("ecdsa-with-null", ce.Signer(p256, ce.seq(
            ce.oid("1.2.840.10045.4.3.2"), ce.NULL), ec.ECDSA(hashes.SHA256()))),
    ):
        root = ce.root("Corporate root", key)
        _check(world, f"signed-with-{name}", "algorithm", "CT-4", _leaf(root),
               authorities=[root.der()])
    good = world.leaves["clearinghouse"]
    other = ce.seq(ce.oid("1.2.840.10045.4.3.3"))
    _check(world, "other-algorithm-outside", "algorithm", "CT-4", good.but(outer=other))
    _check(world, "other-algorithm-inside", "algorithm", "CT-4", good.but(inner=other))
    with_null = ce.seq(ce.oid("1.2.840.10045.4.3.2"), ce.NULL)
    _check(world, "other-parameters-outside", "algorithm", "CT-4", good.but(outer=with_null))


def _write_signatures(world) -> None:
    good = world.leaves["clearinghouse"]
    middle = ce.below("Middle", ce.ecdsa(), world.root)
    padded = good.der(lambda data: ce.seq(data[2:]) + b"\0")
    stranger = good.but(signer=ce.ecdsa())

    def flipped(data: bytes) -> bytes:
        return data[:-1] + bytes([data[-1] ^ 1])

    for name, chain in (
        ("flipped", [good.der(flipped)]), ("trailing-byte", [padded]),
        ("unused-bit", [_with_unused_bit(good)]),
        ("of-another", [stranger.der()]), ("empty", [good.der(lambda data: b"")]),
        ("of-middle-flipped", [_leaf(middle).der(), middle.der(flipped)]),
    ):
        world.write(f"signature-{name}", "signature", "CT-4", "clearinghouse", chain)
    _check(world, "authority-not-checked-against-itself", "accept", "CT-3",
           good, authorities=[world.root.der(flipped)])


def _with_unused_bit(made: ce.Template) -> bytes:
    signed, signature = made.signed(), b"\x01"
    while signature[-1] & 1:
        signature = made.signer.sign(signed)
    return ce.seq(signed, made.signer.algorithm, ce.bits(signature, 1))

"""Conventions, signed documents, Builder licenses and sealed states."""

import os
import unittest

import encoder as enc
import trybuy_decoder as dec
from test_decoder import Case, parties
from trybuy_decoder import documents
from trybuy_decoder.primitives import from_base64
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


class Conventions(Case):
    """CV and ID."""

    def test_base64_has_one_spelling(self):
        self.assertEqual(from_base64("-_8"), b"\xfb\xff")
        self.assertEqual(from_base64(""), b"")
        for wrong in ("-_9", "-_8=", "+/8", "A", "AA AA", "AAAA\n", "Ä", "AAAAA"):
            self.refused("malformed", from_base64, wrong)

    def test_instants_are_those_of_the_calendar_from_1970_to_9999(self):
        for right in ("1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "9999-12-31T23:59:59Z"):
            self.assertEqual(documents.write_instant(documents.instant(right)), right)
        for wrong in (
            "1969-12-31T23:59:59Z", "2023-02-29T00:00:00Z", "2026-12-22T10:00:60Z", None,
            "2026-12-22t10:00:00Z", "2026-12-22T10:00:00.0Z", "2026-12-22T24:00:00Z", "",
            "2026-12-22T10:00:00Z\n", "٢026-12-22T10:00:00Z", 0,
        ):
            self.refused("malformed", documents.instant, wrong)

    def test_semantic_versions_are_ordered_as_their_specification_says(self):
        ascending = (
            "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
            "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.9.0", "1.10.0",
        )
        orders = [documents.semver_order(version) for version in ascending]
        self.assertEqual(orders, sorted(orders))
        same = documents.semver_order("1.0.0+a")
        self.assertEqual(same, documents.semver_order("1.0.0+b"))
        for wrong in ("1.0", "1.0.0-", "1.0.0+", "1.0.0-01", "v1.0.0", "1.0.0-a..b", "01.0.0",
                      "18446744073709551616.0.0"):
            self.refused("malformed", documents.semver_order, wrong)

    def test_names_follow_their_rules(self):
        for check, right, wrong in (
            (documents.application_id, ("a.b", "org.x-y.z1", "a" * 63 + ".b"),
             ("a", "a.", ".a", "A.b", "a.b-", "-a.b", "a" * 64 + ".b", "a.b\n", "a." * 64 + "bb")),
            (documents.platform, ("x86_64-linux", "a-b"),
             ("linux", "a-b-c", "-ab", "ab-", "X-y", "a" * 31 + "-b")),
            (documents.uuid, (enc.TRIAL,), (enc.TRIAL.upper(), enc.TRIAL[:-1], "")),
        ):
            for value in right:
                check(value)
            for value in wrong:
                self.refused("malformed", check, value)

    def test_keys_of_other_kinds_are_refused(self):
        for bits, exponent in ((2048, 65537), (3072, 3)):
            key = rsa.generate_private_key(exponent, bits)
            spki = key.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            self.refused("malformed", dec.PublicKey, spki)
        spki = parties().server.spki
        pss = spki.replace(bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a864886f70d01010a"))
        self.assertNotEqual(pss, spki)
        for wrong in (b"", spki + b"\0", pss, parties().server.pkcs8):
            self.refused("malformed", dec.PublicKey, wrong)
        for wrong in (b"", parties().server.spki):
            self.refused("malformed", dec.BuilderKey, wrong)


class Licenses(Case):
    """BL-1 to BL-5."""

    def open(self, document):
        """Opens a license of the parties."""
        return dec.open_license(document, parties().server_key, parties().builder_key)

    def make(self, **changes):
        """A license of the parties."""
        return enc.make_license(parties().server, parties().builder, parties().secret, **changes)

    def test_a_license_is_opened(self):
        opened = self.open(self.make(kind="trial", ends_at="2027-01-01T00:00:00Z"))
        self.assertEqual(opened.secret, parties().secret)
        self.assertEqual(opened.payload["holder"]["name"], "Zoë Sample")

    def test_a_license_with_any_character_changed_cut_or_added_is_refused(self):
        document = self.make()
        for at in range(len(document)):
            changed = bytes([document[at] ^ (1 + at % 7)])
            self.refused(None, self.open, document[:at] + changed + document[at + 1 :])
            self.refused(None, self.open, document[:at])
        for wrong in (document + b"\n", b" " + document, document + b".", document + b"="):
            self.refused("malformed", self.open, wrong)

    def test_licenses_of_other_parties_are_refused(self):
        server, builder = parties().other_server, parties().other_builder
        secret = parties().secret
        foreign = enc.make_license(server, parties().builder, secret)
        self.refused("wrong-key", self.open, foreign)
        self.refused("wrong-key", self.open, enc.make_license(parties().server, builder, secret))
        sealed = enc.b64(builder.wrap(secret, b"trybuy/v1/license-secret"))
        self.refused("file-damaged", self.open, self.make(sealed_secret=sealed))
        labelled = enc.b64(parties().builder.wrap(secret, b"trybuy/v1/file-key"))
        self.refused("file-damaged", self.open, self.make(sealed_secret=labelled))
        short = enc.b64(parties().builder.wrap(secret[:31], b"trybuy/v1/license-secret"))
        self.refused("file-damaged", self.open, self.make(sealed_secret=short))

    def test_documents_of_other_types_or_algorithms_are_refused(self):
        server, payload = parties().server, b"{}"
        self.refused("malformed", self.open, server.sign("trybuy-control", payload))
        for header in (
            b'{"alg":"RS256","kid":"%s","typ":"trybuy-builder-license"}' % server.id.encode(),
            b'{"alg":"none","kid":"%s","typ":"trybuy-builder-license"}' % server.id.encode(),
            b'{"kid":"%s","alg":"PS256","typ":"trybuy-builder-license"}' % server.id.encode(),
            b'{"alg":"PS256","kid":"%s","typ":"trybuy-builder-license"}' % server.id[1:].encode(),
        ):
            signed = server.sign("", payload, header)
            self.refused("malformed", self.open, signed)

    def test_licenses_with_wrong_members_are_refused(self):
        for edit in (
            {"licensee_ids": []}, {"licensee_ids": [enc.TRIAL] * 17}, {"kind": "free"},
            {"holder": {"name": "n"}}, {"request_key": "AAAA"}, {"sealed_secret": "AAAA"},
            {"ends_at": 0}, {"more": 1}, {"license_id": "x"}, {"kind": "trial"},
            {"holder": {"name": "n", "email": "a@b@c"}}, {"holder": {"name": "n ", "email": "a@b"}},
            {"holder": {"name": "a\u202eb", "email": "a@b"}},
            {"holder": {"name": "n" * 8192, "email": "a@b"}},
            {"holder": {"name": "n", "email": '"a"@b'}}, {"holder": {"name": "n", "email": "a@b."}},
            {"holder": {"name": "n", "email": "a..b@c"}}, {"holder": {"name": "n", "email": "a@[b]"}},
        ):
            self.refused("malformed", self.open, self.make(**edit))
        self.refused("format-too-new", self.open, self.make(format=3))


class States(Case):
    """BL-6."""

    secret = bytes(range(32))

    def open(self, data, name=enc.TRIAL):
        """Opens a state."""
        return dec.open_state(data, self.secret, name)

    def make(self, name=enc.TRIAL, **changes):
        """A sealed state."""
        return enc.make_state(self.secret, name, enc.STATE | changes)

    def test_a_state_is_opened_under_its_own_name_only(self):
        self.assertEqual(self.open(self.make(days=[0, 20000])), enc.STATE | {"days": [0, 20000]})
        self.refused("file-damaged", self.open, self.make(), enc.LICENSE)
        self.refused("file-damaged", self.open, self.make("clock"))
        self.refused("malformed", self.open, self.make(), "clock")

    def test_a_state_that_was_changed_is_refused(self):
        data = self.make()
        for at in range(len(data)):
            flipped = bytearray(data)
            flipped[at] ^= 1 << (at % 8)
            wanted = {8: "format-too-new"}.get(at, "malformed" if at < 12 else "file-damaged")
            self.refused(wanted, self.open, bytes(flipped))
            self.refused("file-damaged", self.open, data[:at])

    def test_a_state_with_wrong_members_or_spelling_is_refused(self):
        text = enc.jsn(enc.STATE)
        for state in ([], text + b" ", text.replace(b"{", b'{"a":1,'), b"{}", os.urandom(9)):
            self.refused("malformed", self.open, enc.make_state(self.secret, enc.TRIAL, state))
        for changes in (
            {"days": [2, 1]}, {"days": [1, 1]}, {"launches": -1}, {"running": None},
            {"first_warned_at": 0}, {"days": list(range(20000))},
        ):
            self.refused("malformed", self.open, self.make(**changes))


if __name__ == "__main__":
    unittest.main()

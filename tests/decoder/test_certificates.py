"""Tests of certificates: the encoder against a library, the validator against altered bytes."""

import datetime
import unittest

import certificate_encoder as ce
from cryptography import x509
from trybuy_decoder import Refusal
from trybuy_decoder.authorities import Authorities
from trybuy_decoder.certificates import Certificate, read_pem
from trybuy_decoder.documents import instant
from trybuy_decoder.seat_licenses import verify_license
from vectors_certificates import AT, World
from vector_writer import Writer


class Certificates(unittest.TestCase):
    """One authority, and a certificate of each role."""

    @classmethod
    def setUpClass(cls):
        cls.world = World(Writer(None))

    def test_the_encoder_writes_what_a_library_reads(self):
        for role, leaf in self.world.leaves.items():
            with self.subTest(role):
                read = x509.load_der_x509_certificate(leaf.der())
                usage = read.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
                self.assertTrue(usage.critical)
                self.assertEqual(tuple(it.dotted_string for it in usage.value), ce.PURPOSES[role])
                read.verify_directly_issued_by(x509.load_der_x509_certificate(
                    (self.world.issuer if role == "seat-license" else self.world.root).der()))
                found = Certificate(leaf.der())
                self.assertEqual(found.serial, read.serial_number)
                since = datetime.datetime.fromtimestamp(found.not_before, datetime.timezone.utc)
                self.assertEqual(since, read.not_valid_before_utc)

    def test_a_license_that_is_altered_anywhere_is_refused(self):
        authorities = Authorities(ce.pem(self.world.root.der()))
        license, issuer = self.world.chain("seat-license")
        chain = [Certificate(license), Certificate(issuer)]
        verify_license(authorities, chain, instant(AT))
        for at in range(len(license)):
            altered = license[:at] + bytes([license[at] ^ 1]) + license[at + 1 :]
            with self.subTest(at), self.assertRaises(Refusal):
                verify_license(authorities, [Certificate(altered), chain[1]], instant(AT))

    def test_pem_is_read_back(self):
        chain = self.world.chain("seat-license")
        self.assertEqual([it.der for it in read_pem(ce.pem(*chain))], chain)


if __name__ == "__main__":
    unittest.main()

"""Revocation lists (CT-10)."""

from .authorities import names_issuer, verify_signature
from .certificates import (
    AUTHORITY_KEY, LIST_NUMBER, Certificate, by_kind, is_serial, read_algorithm,
    read_extensions, read_name, read_values,
)
from .der import ENUMERATED, GENERALIZED_TIME, INTEGER, SEQUENCE, UTC_TIME, whole
from .documents import write_instant
from .failures import Algorithm, Malformed, Profile, Untrusted

LIST_CAP = 16 << 20
_EXTENSIONS = 0xA0
_REASON_CODE = "2.5.29.21"
_REASONS = {b"\x04": "superseded", b"\x09": "privilegeWithdrawn"}


def _read_reason(extensions: dict):
    """The reason among the extensions of an entry, or None."""
    found = extensions.get(_REASON_CODE)
    if found is None:
        return None
    try:
        code = whole(found.value).expect(ENUMERATED).content
    except Malformed as error:
        raise Profile("a reason is not in its one encoding") from error
    if code not in _REASONS:
        raise Profile("no reason of a license server")
    return _REASONS[code]


class RevocationList:
    """What a revocation list says."""

    def __init__(self, der: bytes):
        if len(der) > LIST_CAP:
            raise Malformed("a revocation list is longer than 16 MiB")
        outer = whole(der).children()
        signed = outer.next()
        self.signed = signed.raw
        self.outer_algorithm = read_algorithm(outer.next())
        self.signature = outer.next().bits()
        outer.end()
        self._read(signed.children())

    def _read(self, fields) -> None:
        version = fields.optional(INTEGER)
        if version is None or version.integer() != 1:
            raise Malformed("not a list of version 2")
        self.inner_algorithm = read_algorithm(fields.next())
        self.issuer = fields.next()
        read_name(self.issuer)
        self.this_update = fields.next().time()
        following = fields.optional(UTC_TIME) or fields.optional(GENERALIZED_TIME)
        self.next_update = following.time() if following else None
        listed = fields.optional(SEQUENCE)
        revoked = listed.children().rest() if listed else []
        if listed and not revoked:
            raise Malformed("an empty list is left out")
        self.revoked = dict(self._entry(item.children()) for item in revoked)
        extensions = fields.optional(_EXTENSIONS)
        fields.end()
        items = extensions.inside(_EXTENSIONS).children().rest() if extensions else []
        if extensions and not items:
            raise Malformed("no extension in the list of them")
        self.extensions = read_extensions(items)
        self.values = read_values(self.extensions)

    def _entry(self, fields) -> tuple:
        serial = fields.next()
        if not is_serial(serial):
            raise Profile("not a serial number of a certificate")
        fields.next().time()
        extensions = fields.optional(SEQUENCE)
        fields.end()
        items = extensions.children().rest() if extensions else []
        if extensions and not items:
            raise Malformed("no extension in the list of them")
        found = by_kind(read_extensions(items))
        if any(it.critical for it in found.values()):
            raise Profile("a critical extension of an entry")
        return serial.integer(), _read_reason(found)

    def verify(self, issuer: Certificate) -> None:
        """Refuses a list that is not of this issuer."""
        if self.outer_algorithm != self.inner_algorithm:
            raise Algorithm("another algorithm inside than outside")
        if not names_issuer(self, issuer):
            raise Untrusted("a revocation list of another issuer")
        verify_signature(issuer, self.outer_algorithm, self.signature, self.signed)
        extensions = by_kind(self.extensions)
        if self.next_update is None or any(it.critical for it in extensions.values()):
            raise Profile("a list without an end, or with a critical extension")
        if self.values.get(LIST_NUMBER, -1) < 0 or self.values.get(AUTHORITY_KEY) is None:
            raise Profile("a list without a number or its issuer's key")


def check_revocations(der: bytes, issuer: Certificate, certificate: Certificate) -> dict:
    """Verifies a revocation list and looks for a certificate in it."""
    found = RevocationList(der)
    found.verify(issuer)
    return {
        "entries": len(found.revoked), "revoked": certificate.serial in found.revoked,
        "reason": found.revoked.get(certificate.serial),
        "this_update": write_instant(found.this_update),
        "next_update": write_instant(found.next_update),
    }

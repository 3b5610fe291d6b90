"""An encoder of certificates and revocation lists for the tests and vectors.

It writes DER by hand, so that every part can be wrong.
"""

import base64
import dataclasses
import functools
import hashlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

ARC = "1.2.840.113556.1.8000.2554.53383.31418.32591.17698.40239.4517836.8618897"
CLIENT_AUTH, SERVER_AUTH, CODE_SIGNING = (f"1.3.6.1.5.5.7.3.{n}" for n in (2, 1, 3))
ANY_USE = "2.5.29.37.0"
NULL = b"\x05\x00"
DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, CERT_SIGN, CRL_SIGN = 0, 2, 5, 6
PURPOSES = {
    "clearinghouse": (f"{ARC}.1",), "license-server": (f"{ARC}.2",),
    "image-vendor": (f"{ARC}.3",), "license-issuer": (CLIENT_AUTH, f"{ARC}.4"),
    "seat-license": (CLIENT_AUTH, f"{ARC}.4"),
}
USAGES = {
    "clearinghouse": (DIGITAL_SIGNATURE,), "license-server": (KEY_ENCIPHERMENT,),
    "image-vendor": (DIGITAL_SIGNATURE,), "license-issuer": (CERT_SIGN, CRL_SIGN),
    "seat-license": (DIGITAL_SIGNATURE,),
}


def tlv(tag: int, *parts: bytes) -> bytes:
    """One value in DER."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def seq(*parts: bytes) -> bytes:
    """SEQUENCE."""
    return tlv(0x30, *parts)


def integer(value: int) -> bytes:
    """INTEGER."""
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    out = b""
    for arc in (40 * first + second, *rest):
        part = bytes([arc & 0x7F])
        while arc := arc >> 7:
            part = bytes([0x80 | arc & 0x7F]) + part
        out += part
    return tlv(6, out)


def bits(data: bytes, unused: int = 0) -> bytes:
    """BIT STRING."""
    return tlv(3, bytes([unused]), data)


def utf8(text: str) -> bytes:
    """UTF8String."""
    return tlv(0x0C, text.encode())


def printable(text: str) -> bytes:
    """PrintableString."""
    return tlv(0x13, text.encode())


def time(text: str) -> bytes:
    """A time of an instant as CV-4 has it: UTCTime until 2049."""
    digits = "".join(c for c in text if c.isdigit())
    if digits < "2050":
        return tlv(0x17, digits[2:].encode(), b"Z")
    return tlv(0x18, digits.encode(), b"Z")


def attribute(kind: str, value: bytes) -> bytes:
    """A part of a name."""
    return tlv(0x31, seq(oid(kind), value))


def name(common: str, *ids: str) -> bytes:
    """A name with a common name and serial numbers."""
    numbers = (attribute("2.5.4.5", printable(one)) for one in ids)
    return seq(attribute("2.5.4.3", utf8(common)), *numbers)


class Signer:
    """A private key and a way to sign with it."""

    def __init__(self, private, algorithm: bytes, *how):
        self.private, self.algorithm, self._how = private, algorithm, how
        self.spki = private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, data: bytes) -> bytes:
        """A signature."""
        return self.private.sign(data, *self._how)

    @property
    def key_id(self) -> bytes:
        """What key identifiers hold."""
        return hashlib.sha256(self.spki).digest()[:20]

    @property
    def client_id(self) -> str:
        """CV-6."""
        return hashlib.sha256(self.spki).hexdigest()


def ecdsa(curve=ec.SECP256R1, number: int = 2, hash=hashes.SHA256, private=None) -> Signer:
    """ECDSA; `number` is the last of the algorithm's identifier."""
    private = private or ec.generate_private_key(curve())
    return Signer(private, seq(oid(f"1.2.840.10045.4.3.{number}")), ec.ECDSA(hash()))


def rsassa(
    size: int, number: int = 11, hash=hashes.SHA256, private=None, parameters=NULL
) -> Signer:
    """RSASSA-PKCS1-v1_5."""
    private = private or rsa.generate_private_key(65537, size)
    algorithm = seq(oid(f"1.2.840.113549.1.1.{number}"), parameters)
    return Signer(private, algorithm, padding.PKCS1v15(), hash())


def rsassa_pss(private) -> Signer:
    """RSASSA-PSS with SHA-256 and a salt of 32 bytes."""
    sha = seq(oid("2.16.840.1.101.3.4.2.1"), NULL)
    parameters = seq(
        tlv(0xA0, sha), tlv(0xA1, seq(oid("1.2.840.113549.1.1.8"), sha)), tlv(0xA2, integer(32))
    )
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return Signer(private, seq(oid("1.2.840.113549.1.1.10"), parameters), pss, hashes.SHA256())


def eddsa() -> Signer:
    """Ed25519."""
    return Signer(ed25519.Ed25519PrivateKey.generate(), seq(oid("1.3.101.112")))


def compressed(signer: Signer) -> bytes:
    """The SubjectPublicKeyInfo of a P-256 key with a compressed point."""
    form = serialization.PublicFormat.CompressedPoint
    point = signer.private.public_key().public_bytes(serialization.Encoding.X962, form)
    return seq(seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), bits(point))


def extension(kind: str, value: bytes, critical: bool = False) -> bytes:
    """An extension."""
    return seq(oid(kind), b"\x01\x01\xff" if critical else b"", tlv(4, value))


def key_usage(*which: int, critical: bool = True) -> bytes:
    """Key usage."""
    value = sum(0x80 >> bit for bit in which)
    unused = (value & -value).bit_length() - 1
    return extension("2.5.29.15", bits(bytes([value]), unused), critical)


def extended_usage(*purposes: str, critical: bool = True) -> bytes:
    """Extended key usage."""
    return extension("2.5.29.37", seq(*map(oid, purposes)), critical)


def basic(authority: bool, length: int | None = None, critical: bool = True) -> bytes:
    """Basic constraints."""
    flag = b"\x01\x01\xff" if authority else b""
    value = seq(flag, b"" if length is None else integer(length))
    return extension("2.5.29.19", value, critical)


def subject_key(key_id: bytes) -> bytes:
    """Subject key identifier."""
    return extension("2.5.29.14", tlv(4, key_id))


def authority_key(key_id: bytes) -> bytes:
    """Authority key identifier."""
    return extension("2.5.29.35", seq(tlv(0x80, key_id)))


@dataclasses.dataclass(frozen=True, eq=False)
class Template:
    """A certificate in the making."""

    subject: bytes
    key: Signer
    issuer: bytes
    signer: Signer
    extensions: dict
    not_before: bytes = time("2025-01-01T00:00:00Z")
    not_after: bytes = time("2035-01-01T00:00:00Z")
    serial: bytes = integer(0x1234567890ABCDEF0123456789ABCDEF)
    version: bytes = tlv(0xA0, integer(2))
    unique: bytes = b""
    spki: bytes | None = None
    inner: bytes | None = None
    outer: bytes | None = None
    listed: bytes | None = None

    def but(self, extensions: dict | None = None, **changes) -> "Template":
        """The same with changes; an extension that is None is left out."""
        merged = self.extensions | (extensions or {})
        kept = {kind: value for kind, value in merged.items() if value is not None}
        return dataclasses.replace(self, extensions=kept, **changes)

    def signed(self) -> bytes:
        """What is signed."""
        listed = self.listed
        if listed is None:
            listed = tlv(0xA3, seq(*self.extensions.values()))
        return seq(
            self.version, self.serial, self.inner or self.signer.algorithm, self.issuer,
            seq(self.not_before, self.not_after), self.subject, self.spki or self.key.spki,
            self.unique, listed,
        )

    @functools.cached_property
    def _der(self) -> bytes:
        return self.der(lambda data: data)

    def der(self, signature=None) -> bytes:
        """The certificate, the same each time; `signature` may change its signature."""
        if signature is None:
            return self._der
        signed = self.signed()
        sealed = bits(signature(self.signer.sign(signed)))
        return seq(signed, self.outer or self.signer.algorithm, sealed)


def leaf(role: str, id: str, key: Signer, above: Template) -> Template:
    """A certificate of a role."""
    authority = role == "license-issuer"
    return Template(
        name(f"A {role}", id), key, above.subject, above.key,
        {
            "basic": basic(authority, 0 if authority else None, critical=authority),
            "usage": key_usage(*USAGES[role]), "purposes": extended_usage(*PURPOSES[role]),
            "subject_key": subject_key(key.key_id),
            "authority_key": authority_key(above.key.key_id),
        },
    )


def root(common: str, key: Signer) -> Template:
    """A certifying authority that signed its own certificate."""
    subject = name(common)
    return Template(subject, key, subject, key, {
        "basic": basic(True), "usage": key_usage(CERT_SIGN, CRL_SIGN),
        "subject_key": subject_key(key.key_id),
    })


def below(common: str, key: Signer, above: Template, length: int | None = None) -> Template:
    """A certifying authority under another."""
    return root(common, key).but(
        {"basic": basic(True, length), "authority_key": authority_key(above.key.key_id)},
        issuer=above.subject, signer=above.key,
    )


def pem(*certificates: bytes) -> str:
    """PEM (RFC 7468)."""
    out = []
    for der in certificates:
        text = base64.b64encode(der).decode()
        lines = [text[i : i + 64] for i in range(0, len(text), 64)]
        out += ["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""]
    return "\n".join(out)


@dataclasses.dataclass(frozen=True)
class ListTemplate:
    """A revocation list in the making."""

    issuer: bytes
    signer: Signer
    extensions: dict
    entries: tuple = ()
    version: bytes = integer(1)
    this_update: bytes = time("2026-06-01T00:00:00Z")
    next_update: bytes = time("2026-06-08T00:00:00Z")
    inner: bytes | None = None

    def but(self, extensions: dict | None = None, **changes) -> "ListTemplate":
        """The same with changes; an extension that is None is left out."""
        merged = self.extensions | (extensions or {})
        kept = {kind: value for kind, value in merged.items() if value is not None}
        return dataclasses.replace(self, extensions=kept, **changes)

    def der(self, signature=lambda data: data) -> bytes:
        """The list; `signature` may change its signature."""
        signed = seq(
            self.version, self.inner or self.signer.algorithm, self.issuer, self.this_update,
            self.next_update, seq(*self.entries) if self.entries else b"",
            tlv(0xA0, seq(*self.extensions.values())) if self.extensions else b"",
        )
        sealed = bits(signature(self.signer.sign(signed)))
        return seq(signed, self.signer.algorithm, sealed)


def reason(value: bytes, critical: bool = False) -> bytes:
    """Reason code: an ENUMERATED of these bytes."""
    return extension("2.5.29.21", tlv(0x0A, value), critical)


def revoked(serial: bytes, *extensions: bytes) -> bytes:
    """An entry of a revocation list."""
    listed = seq(*extensions) if extensions else b""
    return seq(serial, time("2026-05-01T00:00:00Z"), listed)


def revocation_list(issuer: Template, *entries: bytes) -> ListTemplate:
    """A revocation list."""
    return ListTemplate(issuer.subject, issuer.key, {
        "authority_key": authority_key(issuer.key.key_id),
        "number": extension("2.5.29.20", integer(7)),
    }, entries)

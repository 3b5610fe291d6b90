"""Whether a chain of certificates is good for a role (CT-2 to CT-9)."""

import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from .certificates import (
    AUTHORITY_KEY, BASIC, EXTENDED_USAGE, KEY_USAGE, SUBJECT_KEY, Certificate, by_kind, read_pem,
)
from .failures import (
    Algorithm, Chain, Ended, KeyKind, NotYetValid, Profile, Refusal, Role, SignatureWrong, Untrusted,
)
from .primitives import RSA_BITS, RSA_EXPONENT, sha256_hex

ARC = "1.2.840.113556.1.8000.2554.53383.31418.32591.17698.40239.4517836.8618897"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
ANY_USE = "2.5.29.37.0"
LONGEST_CHAIN = 5
DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, CERT_SIGN, CRL_SIGN = 0, 2, 5, 6
NULL = b"\x05\x00"
P256 = (("1.2.840.10045.2.1", bytes.fromhex("06082a8648ce3d030107")), ec.SECP256R1)
P384 = (("1.2.840.10045.2.1", bytes.fromhex("06052b81040022")), ec.SECP384R1)
RSA = ("1.2.840.113549.1.1.1", NULL)
ED25519 = ("1.3.101.112", b"")
ECDSA = {
    ("1.2.840.10045.4.3.2", b""): (P256, hashes.SHA256),
    ("1.2.840.10045.4.3.3", b""): (P384, hashes.SHA384),
}
RSASSA = {
    (f"1.2.840.113549.1.1.{n}", NULL): hash
    for n, hash in ((11, hashes.SHA256), (12, hashes.SHA384), (13, hashes.SHA512))
}
FEWEST_RSA_BITS, MOST_RSA_BITS = 2048, 8192
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_CLIENT = re.compile(r"[0-9a-f]{64}", re.ASCII)
LAST_VENDOR = 16777215


def _is_vendor(text: str) -> bool:
    return re.fullmatch(r"[1-9][0-9]{0,7}", text, re.ASCII) and int(text) <= LAST_VENDOR


class RoleProfile:
    """A row of the table of roles."""

    def __init__(self, usage: set, purposes: set, key: str, is_id, authority: bool = False):
        self.usage, self.purposes, self.key = usage, purposes, key
        self.is_id, self.authority = is_id, authority


_LICENSE = {CLIENT_AUTH, f"{ARC}.4"}
ROLES = {
    "clearinghouse": RoleProfile({DIGITAL_SIGNATURE}, {f"{ARC}.1"}, "P-256", _LABEL.fullmatch),
    "license-server": RoleProfile({KEY_ENCIPHERMENT}, {f"{ARC}.2"}, "RSA", _LABEL.fullmatch),
    "image-vendor": RoleProfile({DIGITAL_SIGNATURE}, {f"{ARC}.3"}, "P-256", _is_vendor),
    "license-issuer": RoleProfile(
        {CERT_SIGN, CRL_SIGN}, _LICENSE, "P-256", _LABEL.fullmatch, authority=True
    ),
    "seat-license": RoleProfile({DIGITAL_SIGNATURE}, _LICENSE, "P-256", _CLIENT.fullmatch),
}


def load_key(certificate: Certificate):
    """The key of a certificate, or None where there is no use for one like it."""
    try:
        key = serialization.load_der_public_key(certificate.spki)
    except Exception:  # the library promises no single type for bad DER
        return None
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    same = key.public_bytes(serialization.Encoding.DER, form) == certificate.spki
    return key if same else None


def verify_signature(issuer: Certificate, algorithm: tuple, signature: tuple, signed: bytes):
    """Verifies a signature, a BIT STRING, of an issuer's key (CT-4)."""
    key = load_key(issuer)
    if algorithm in ECDSA:
        (kind, curve), hash = ECDSA[algorithm]
        usable = issuer.key_algorithm == kind and isinstance(key, ec.EllipticCurvePublicKey)
        arguments = (ec.ECDSA(hash()),)
    elif algorithm in RSASSA:
        usable = isinstance(key, rsa.RSAPublicKey) and issuer.key_algorithm == RSA
        usable = usable and FEWEST_RSA_BITS <= key.key_size <= MOST_RSA_BITS
        arguments = (padding.PKCS1v15(), RSASSA[algorithm]())
    else:
        usable = algorithm == ED25519 and isinstance(key, ed25519.Ed25519PublicKey)
        arguments = ()
    if not usable:
        raise Algorithm("the way of signing is not accepted")
    data, unused = signature
    if unused:
        raise SignatureWrong("a signature is not of whole bytes")
    try:
        key.verify(data, signed, *arguments)
    except InvalidSignature as error:
        raise SignatureWrong("a signature is wrong") from error


def names_issuer(one, issuer: Certificate) -> bool:
    """Whether a certificate or revocation list says that it is issued by another (CT-2)."""
    given, own = one.values.get(AUTHORITY_KEY), issuer.values.get(SUBJECT_KEY)
    same_key = given is None or own is None or given == own
    return one.issuer.raw == issuer.subject.raw and same_key


def _check_signed(certificate: Certificate, issuer: Certificate) -> None:
    algorithm = certificate.outer_algorithm
    if algorithm != certificate.inner_algorithm:
        raise Algorithm("another algorithm inside than outside")
    verify_signature(issuer, algorithm, certificate.signature, certificate.signed)


def _check_form(certificate: Certificate) -> None:
    """What of CT-8 holds for every certificate."""
    if certificate.version != 2 or certificate.unique:
        raise Profile("not of version 3, or with unique identifiers")
    if not certificate.has_serial:
        raise Profile("not a positive serial number of 8 to 20 bytes")
    if not certificate.attributes or not certificate.issuer_attributes:
        raise Profile("without a name")
    for kind, extension in by_kind(certificate.extension_list).items():
        if extension.critical and kind not in (BASIC, KEY_USAGE, EXTENDED_USAGE):
            raise Profile("a critical extension that is not known")


def _critical(certificate: Certificate, kind: str):
    """The value of an extension that is critical, otherwise None."""
    found = certificate.extensions.get(kind)
    return certificate.values[kind] if found and found.critical else None


def _check_above(certificate: Certificate, below: int, profile: RoleProfile | None) -> None:
    """What of CT-8 holds for an authority above `below` other authorities and a role, if known."""
    is_authority, length = _critical(certificate, BASIC) or (False, None)
    if not is_authority or (length is not None and length < below):
        raise Role("an authority without basic constraints that suffice")
    if CERT_SIGN not in (_critical(certificate, KEY_USAGE) or ()):
        raise Role("an authority that may not sign certificates")
    purposes = certificate.values.get(EXTENDED_USAGE, [ANY_USE])
    if profile and ANY_USE not in purposes and not profile.purposes <= set(purposes):
        raise Role("an authority that is not for this role")


def _check_role(certificate: Certificate, profile: RoleProfile) -> None:
    """CT-6."""
    usage, purposes = (_critical(certificate, kind) for kind in (KEY_USAGE, EXTENDED_USAGE))
    if usage != profile.usage or purposes is None or sorted(purposes) != sorted(profile.purposes):
        raise Role("not the key usage of the role")
    if profile.authority:
        good = _critical(certificate, BASIC) == (True, 0)
    else:
        good = certificate.values.get(BASIC, (False, None)) == (False, None)
    if not good:
        raise Role("not the basic constraints of the role")


def _check_key(certificate: Certificate, profile: RoleProfile) -> None:
    """CT-7."""
    key = load_key(certificate)
    if profile.key == "P-256":
        good = certificate.key_algorithm == P256[0] and isinstance(key, ec.EllipticCurvePublicKey)
    else:
        good = isinstance(key, rsa.RSAPublicKey) and certificate.key_algorithm == RSA
        good = good and key.key_size == RSA_BITS and key.public_numbers().e == RSA_EXPONENT
    if not good:
        raise KeyKind("not a key of the kind of the role, in its one encoding")


def _check_id(certificate: Certificate, profile: RoleProfile) -> str:
    ids = certificate.ids()
    if len(ids) != 1 or not profile.is_id(ids[0]):
        raise Profile("the subject does not hold the one id")
    return ids[0]


def _check_certificate(certificate: Certificate, role: str) -> str:
    """CT-6 to CT-8 for a certificate of a role; returns its id."""
    profile = ROLES[role]
    _check_role(certificate, profile)
    _check_key(certificate, profile)
    return _check_id(certificate, profile)


def _check_time(certificate: Certificate, at: int) -> None:
    """CT-5."""
    if at < certificate.not_before:
        raise NotYetValid("a certificate is not valid yet")
    if at > certificate.not_after:
        raise Ended("a certificate is not valid any more")


class Authorities:
    """The certificates of trusted authorities."""

    def __init__(self, pem: str):
        self._trusted = read_pem(pem)
        if not 1 <= len(self._trusted) <= LONGEST_CHAIN:
            raise Chain("1 to 5 authorities expected")
        for trusted in self._trusted:
            _check_form(trusted)
            _check_above(trusted, 0, None)

    def _check_anchored(self, last: Certificate, below: int, profile: RoleProfile, at: int) -> None:
        """Whether one of the authorities issued the last certificate of a chain, or is it (CT-3)."""
        named = [it for it in self._trusted if it.der == last.der or names_issuer(last, it)]
        failures = []
        for trusted in named:
            try:
                if trusted.der != last.der:
                    _check_above(trusted, below, profile)
                    _check_signed(last, trusted)
                _check_time(trusted, at)
                return
            except Refusal as refusal:
                failures.append(refusal)
        raise failures[0] if failures else Untrusted("not issued by a trusted authority")

    def verify(self, chain: list, role: str, at: int) -> str:
        """Verifies a chain for a role; returns the id in the subject of its first certificate."""
        if not 1 <= len(chain) <= LONGEST_CHAIN:
            raise Chain("a chain has 1 to 5 certificates")
        profile = ROLES[role]
        for below, (one, issuer) in enumerate(zip(chain, chain[1:])):
            if not names_issuer(one, issuer):
                raise Chain("one certificate is not issued by the next")
            _check_form(issuer)
            _check_above(issuer, below + profile.authority, profile)
            _check_signed(one, issuer)
        _check_form(chain[0])
        self._check_anchored(chain[-1], len(chain) - 1 + profile.authority, profile, at)
        id = _check_certificate(chain[0], role)
        if role == "seat-license":
            if len(chain) < 2:
                raise Chain("a seat license without its issuer")
            _check_certificate(chain[1], "license-issuer")
        for certificate in chain:
            _check_time(certificate, at)
        return id


def key_id(certificate: Certificate) -> str:
    """The key id of a certificate's key (CV-6)."""
    return sha256_hex(certificate.spki)

"""Keys, key derivation and encryption as the conventions CV-3 to CV-8 fix them."""

import base64
import hashlib
import re

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .failures import FileDamaged, Malformed

TAG = 16
ZERO_NONCE = bytes(12)
RSA_BITS = 3072
RSA_EXPONENT = 65537
RSA_BYTES = RSA_BITS // 8
PSS_SALT = 32


def from_base64(text: str) -> bytes:
    """Decodes base64url without padding and refuses any other spelling (CV-3)."""
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text, re.ASCII):
        raise Malformed("base64url without padding expected")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise Malformed("not base64url") from error
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise Malformed("not the one base64url spelling of these bytes")
    return data


def sha256_hex(data: bytes) -> str:
    """A digest as it is written (CV-5)."""
    return hashlib.sha256(data).hexdigest()


def hkdf(ikm: bytes, salt: bytes, info: str, length: int) -> bytes:
    """HKDF-SHA256, extract and expand (CV-8)."""
    return HKDF(hashes.SHA256(), length, salt, info.encode("ascii")).derive(ikm)


def open_gcm(key: bytes, nonce: bytes, sealed: bytes, what: str) -> bytes:
    """Opens AES-256-GCM without associated data; the 16-byte tag stands last."""
    if len(sealed) < TAG:
        raise FileDamaged(f"{what} is shorter than its tag")
    try:
        return AESGCM(key).decrypt(nonce, sealed, None)
    except InvalidTag as error:
        raise FileDamaged(f"the tag of {what} is wrong") from error


def _check_rsa(numbers: rsa.RSAPublicNumbers, what: str) -> None:
    if numbers.n.bit_length() != RSA_BITS or numbers.e != RSA_EXPONENT:
        raise Malformed(f"{what} is not RSA-3072 with exponent 65537")


def _spki(key) -> bytes:
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


class PublicKey:
    """A server's public key, read from its SubjectPublicKeyInfo in DER (CV-7)."""

    def __init__(self, spki: bytes):
        try:
            key = serialization.load_der_public_key(spki)
        except Exception as error:  # the library promises no single type for bad DER
            raise Malformed("not a SubjectPublicKeyInfo") from error
        if not isinstance(key, rsa.RSAPublicKey):
            raise Malformed("not an RSA key")
        _check_rsa(key.public_numbers(), "the server's public key")
        if _spki(key) != spki:
            raise Malformed("the SubjectPublicKeyInfo is not in its one encoding")
        self.spki = spki
        self.key_id = sha256_hex(spki)
        self._key = key

    def verify(self, signature: bytes, message: bytes, what: str) -> None:
        """Verifies PS256 with a salt of 32 bytes."""
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), PSS_SALT)
        try:
            self._key.verify(signature, message, pss, hashes.SHA256())
        except InvalidSignature as error:
            raise FileDamaged(f"the signature of {what} is wrong") from error


class BuilderKey:
    """A Builder's decryption key, read from PKCS#8 in DER."""

    def __init__(self, pkcs8: bytes):
        try:
            key = serialization.load_der_private_key(pkcs8, None)
        except Exception as error:  # the library promises no single type for bad DER
            raise Malformed("not a private key in PKCS#8") from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise Malformed("not an RSA key")
        _check_rsa(key.public_key().public_numbers(), "the Builder's key")
        self.key_id = sha256_hex(_spki(key.public_key()))
        self._key = key

    def unwrap(self, wrapped: bytes, label: str, what: str) -> bytes:
        """Opens RSA-OAEP; what comes out has 32 bytes."""
        if len(wrapped) != RSA_BYTES:
            raise Malformed(f"{what} is not {RSA_BYTES} bytes long")
        mgf = padding.MGF1(hashes.SHA256())
        try:
            oaep = padding.OAEP(mgf, hashes.SHA256(), label.encode("ascii"))
            secret = self._key.decrypt(wrapped, oaep)
        except ValueError as error:
            raise FileDamaged(f"{what} does not open") from error
        if len(secret) != 32:
            raise FileDamaged(f"{what} does not hold 32 bytes")
        return secret

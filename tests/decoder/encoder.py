"""An encoder of trybuy's formats for the decoder's tests, which shares no code with it.

Every intermediate can be replaced before it is sealed, so that tests can make files that break
exactly one rule.
"""

import base64
import hashlib
import hmac
import json
import os

import zstandard
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TRIAL = "5b0d1f0e-6a3c-4f7e-9c0d-1a2b3c4d5e6f"
LICENSEE = "0c9f3c52-8a7e-4e55-b1f4-6f5d3c2b1a09"
LICENSE = "7e1d2c3b-4a59-4868-9776-85a4b3c2d1e0"
CHUNK, BLOCK = 65536, 1048576
STATE = {"head_number": 1, "first_warned_at": None, "launches": 0, "running": 0, "days": []}


def b64(data: bytes) -> str:
    """CV-3."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def jsn(value) -> bytes:
    """A JSON text without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def sha(data: bytes) -> str:
    """CV-5."""
    return hashlib.sha256(data).hexdigest()


def mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA256."""
    return hmac.new(key, data, "sha256").digest()


def hkdf(ikm: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869, by hand."""
    prk, out, block, count = mac(salt or bytes(32), ikm), b"", b"", 1
    while len(out) < length:
        block = mac(prk, block + info + bytes([count]))
        out, count = out + block, count + 1
    return out[:length]


def seal(key: bytes, nonce: bytes, plain: bytes) -> bytes:
    """AES-256-GCM without associated data."""
    return AESGCM(key).encrypt(nonce, plain, None)


def stream(key: bytes, plain: bytes) -> list:
    """The sealed chunks of a stream (EN-8)."""
    cuts = range(0, len(plain), CHUNK)
    return [
        seal(key, i.to_bytes(11, "big") + bytes([i == len(cuts) - 1]), plain[at : at + CHUNK])
        for i, at in enumerate(cuts)
    ]


def repeated_block(byte: bytes, length: int, header: bytes) -> bytes:
    """A zstd frame of one byte repeated, with that frame header (RFC 8878, 3.1.1)."""
    return bytes.fromhex("28b52ffd") + header + (length << 3 | 3).to_bytes(3, "little") + byte


class Key:
    """An RSA key of a Builder or a server."""

    def __init__(self):
        self.private = rsa.generate_private_key(65537, 3072)
        self.pkcs8 = self.private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self.spki = self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.id = sha(self.spki)

    def wrap(self, secret: bytes, label: bytes) -> bytes:
        """RSA-OAEP."""
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label)
        return self.private.public_key().encrypt(secret, oaep)

    def sign(self, kind: str, payload: bytes, header: bytes | None = None,
             salt: int = 32) -> bytes:
        """A signed document (CI-1)."""
        header = header or jsn({"alg": "PS256", "kid": self.id, "typ": kind})
        text = f"{b64(header)}.{b64(payload)}".encode()
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt)
        return text + b"." + b64(self.private.sign(text, pss, hashes.SHA256())).encode()


def make_license(server: Key, builder: Key, secret: bytes, **changes) -> bytes:
    """A Builder license (BL-2)."""
    payload = {
        "format": 1, "license_id": LICENSE, "licensee_ids": [LICENSEE], "kind": "full",
        "holder": {"name": "Zoë Sample", "email": "zoe@example.org"},
        "platform": "x86_64-linux", "builder_key_id": builder.id, "request_key": b64(bytes(32)),
        "sealed_secret": b64(builder.wrap(secret, b"trybuy/v1/license-secret")),
        "issued_at": "2026-01-01T00:00:00Z", "ends_at": None, "terms_digest": sha(b"terms"),
    }
    return server.sign("trybuy-builder-license", jsn(payload | changes))


def make_state(secret: bytes, name: str, state, head: bytes = b"trybuy-l\x01\0\0\0") -> bytes:
    """A sealed state (BL-6)."""
    salt = os.urandom(32)
    key = hkdf(secret, salt, b"trybuy/v1/state/" + name.encode(), 32)
    return head + salt + seal(key, bytes(12), state if isinstance(state, bytes) else jsn(state))


class Release:
    """The sections of a release and the server format."""

    def __init__(self, program: bytes, documentation: bytes = "Bedienung: ä".encode(),
                 terms: bytes = b"Terms", relicensing: bytes = b"Buy it"):
        self.texts = [documentation, terms, relicensing]
        self.program = program
        self.size = len(program)
        self.blocks = [program[i : i + BLOCK] for i in range(0, len(program), BLOCK)]
        self.stored = [self.store(block) for block in self.blocks]

    @staticmethod
    def store(block: bytes, **settings) -> tuple:
        """One block as (plain, bytes) (SF-4)."""
        frame = zstandard.ZstdCompressor(**settings).compress(block)
        return (False, frame) if len(frame) < len(block) else (True, block)

    def section(self) -> bytes:
        """The program section (SF-5, SF-6)."""
        table = b"".join(
            (len(data) | (plain << 31)).to_bytes(4, "big") for plain, data in self.stored
        )
        tail = self.size.to_bytes(8, "big") + len(self.stored).to_bytes(4, "big")
        return b"".join(data for _, data in self.stored) + table + tail

    def sections(self) -> list:
        """All sections in their order."""
        return [*self.texts, self.section()]

    def lengths(self) -> dict:
        """The member `sections`."""
        names = ("documentation", "terms", "relicensing", "program")
        return {name: len(data) for name, data in zip(names, self.sections())}

    def digests(self) -> dict:
        """What a decoder finds in the sections."""
        texts = dict(zip(("documentation", "terms", "relicensing"), self.texts))
        return {
            **{f"{name}_digest": sha(text) for name, text in texts.items()},
            "program_size": len(self.program), "program_digest": sha(self.program),
        }

    def manifest(self, server: Key, **changes) -> dict:
        """The manifest (SF-2)."""
        return {
            "format": 1, "application": "org.example.lumen", "name": "Lumen",
            "version": "1.2.3", "summary": "Draws", "homepage": "https://example.org/",
            "categories": ["graphics"], "platform": "x86_64-linux", "kind": "native",
            "minimum_builder": None, "server_public_key": b64(server.spki),
            "sections": self.lengths(), "documentation_digest": sha(self.texts[0]),
            "terms_digest": sha(self.texts[1]), "relicensing_digest": sha(self.texts[2]),
            "program_size": len(self.program), "program_digest": sha(self.program),
        } | changes

    def server_file(self, server: Key, head: bytes = b"trybuy-s\x01\0\0\0", **changes) -> bytes:
        """The release in the server format."""
        text = jsn(self.manifest(server, **changes))
        return head + len(text).to_bytes(4, "big") + text + b"".join(self.sections())


class Transmission:
    """A transmission file in the making. Tests replace what its methods return."""

    def __init__(self, server: Key, builder: Key, secret: bytes, release: Release, layout: str,
                 file_key: bytes | None = None):
        self.server, self.builder, self.secret = server, builder, secret
        self.release, self.layout = release, layout
        self.file_key = file_key or os.urandom(32)
        self.changes = {}
        header = self.make_header()
        tag = mac(hkdf(self.file_key, b"", b"trybuy/v1/header", 32), header)
        self.header, self.tag = header + tag, tag

    def make_header(self, fixed: bytes = b"trybuy-t\x01\x01\0\x01") -> bytes:
        """The header without its tag."""
        wrapped = self.builder.wrap(self.file_key, b"trybuy/v1/file-key")
        return fixed + bytes.fromhex(self.builder.id) + b"\x01\x80" + wrapped

    def derive(self, info: str, length: int = 32, salted: bool = True) -> bytes:
        """A key derived from the file key."""
        salt = self.tag if salted else b""
        return hkdf(self.file_key, salt, b"trybuy/v1/" + info.encode(), length)

    def control(self) -> dict:
        """The control information (CI-3) with the changes of a test."""
        return {
            "format": 1, "application": "org.example.lumen", "name": "Lumen",
            "release": "1.2.3", "platform": "x86_64-linux", "licensee_id": LICENSEE,
            "trial_id": TRIAL, "kind": "trial", "head_number": 1,
            "issued_at": "2026-12-01T00:00:00Z", "ends_at": "2026-12-22T10:00:00Z",
            "expiration": {"kind": "soft", "from": "expiration", "grace": 86400},
            "limits": {"launches": 20, "days": 10},
            **{name: self.changes[name] for name in ("on_expiry",) if name in self.changes},
            "builder_key_id": self.builder.id,
            "minimum_builder": "1.0.0",
            "file_key_commitment": self.derive("commitment", salted=False).hex(),
            "layout": self.layout, "sections": self.release.lengths(),
            "program_size": len(self.release.program), "program_digest": sha(self.release.program),
            "terms_digest": sha(self.release.texts[1]),
        } | self.changes

    def result(self) -> dict:
        """What a decoder finds in the file."""
        return {"control": self.control(), **self.release.digests()}

    def payload(self) -> bytes:
        """What is signed."""
        return jsn(self.control())

    def document(self) -> bytes:
        """The signed control information."""
        return self.server.sign("trybuy-control", self.payload())

    def sealed_control(self) -> bytes:
        """CI-5."""
        salt = os.urandom(32)
        key = hkdf(self.secret, salt, b"trybuy/v1/control", 32)
        return salt + seal(key, bytes(12), self.document())

    def area(self) -> bytes:
        """The control area (TF-2)."""
        parts = (self.sealed_control(), self.server.spki)
        area = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return area + bytes(-len(area) % 8 if self.layout == "dispersed" else 0)

    def preamble(self, area: bytes) -> bytes:
        """The preamble's 32 bytes."""
        lengths = self.release.lengths()
        numbers = [len(area), *(lengths[n] for n in ("documentation", "terms", "relicensing")), 0]
        return (
            (b"\x01" if self.layout == "leading" else b"\x02") + bytes(3)
            + b"".join(n.to_bytes(4, "big") for n in numbers)
            + lengths["program"].to_bytes(8, "big")
        )

    def offsets(self) -> list:
        """The places of the pieces in the program section (TF-9)."""
        drawn, length = self.derive("dispersal", 64), len(self.release.section())
        return sorted(
            int.from_bytes(drawn[i : i + 8], "big") % (length + 1) for i in range(0, 64, 8)
        )

    def plain_body(self, area: bytes) -> bytes:
        """What the stream of the body holds."""
        texts, program = b"".join(self.release.texts), self.release.section()
        if self.layout == "leading":
            return texts + program
        out, last, piece = [texts], 0, len(area) // 8
        for k, offset in enumerate(self.offsets()):
            out += [program[last:offset], area[k * piece : (k + 1) * piece]]
            last = offset
        return b"".join([*out, program[last:]])

    def build(self) -> tuple:
        """Head and chunks of the body."""
        area, head_key = self.area(), self.derive("head")
        head = self.header + seal(head_key, bytes(12), self.preamble(area))
        if self.layout == "leading":
            head += seal(head_key, bytes(11) + b"\x01", area)
            return head, stream(self.derive("body", salted=False), self.plain_body(area))
        return head, stream(self.derive("body-dispersed"), self.plain_body(area))

    def file(self) -> bytes:
        """The whole file."""
        head, chunks = self.build()
        return head + b"".join(chunks)


def stored_file(copy: bytes, file: bytes, head: bytes = b"trybuy-c\x01\0\0\0") -> bytes:
    """The client storage format."""
    return head + len(copy).to_bytes(4, "big") + copy + file


def sign_request(key: Ed25519PrivateKey, keyid: str, created: int, method: str, path: str,
                 query: str | None, body: bytes) -> dict:
    """The headers of a signed request (RQ-1 to RQ-4)."""

    def item(data):
        return ":" + base64.b64encode(data).decode() + ":"

    digest = "sha-256=" + item(hashlib.sha256(body).digest())
    covered = '("@method" "@path" "@query" "content-digest")'
    params = f'{covered};created={created};keyid="{keyid}";alg="ed25519"'
    base = (
        f'"@method": {method}\n"@path": {path}\n"@query": ?{query or ""}\n'
        f'"content-digest": {digest}\n"@signature-params": {params}'
    )
    return {
        "signature-input": "trybuy=" + params,
        "signature": "trybuy=" + item(key.sign(base.encode())),
        "content-digest": digest,
    }

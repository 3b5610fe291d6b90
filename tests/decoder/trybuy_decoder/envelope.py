"""The envelope: header, keys, streams (EN-1 to EN-10)."""

import hmac

from .failures import FileDamaged, FormatTooNew, Malformed, WrongKey
from .primitives import RSA_BYTES, TAG, BuilderKey, hkdf, open_gcm
from .sections import Source

HEADER = 462
CHUNK = 65536


class Envelope:
    """An opened header: the file key and the header tag, which derive all other keys."""

    def __init__(self, file_key: bytes, tag: bytes, recipient: str):
        self.file_key = file_key
        self.tag = tag
        self.recipient = recipient

    def commitment(self) -> str:
        """The commitment to the file key, in hexadecimal (EN-6)."""
        return hkdf(self.file_key, b"", "trybuy/v1/commitment", 32).hex()

    def head_key(self) -> bytes:
        """The key of preamble and control area (EN-7)."""
        return hkdf(self.file_key, self.tag, "trybuy/v1/head", 32)


def _check_fixed(fixed: bytes, builder_key: BuilderKey) -> None:
    if fixed[:8] != b"trybuy-t":
        raise Malformed("not a file in the transmission format")
    known = (("version", fixed[8:9]), ("algorithm", fixed[9:10]), ("recipient", fixed[10:12]))
    for what, value in known:
        number = int.from_bytes(value, "big")
        if number != 1:
            raise FormatTooNew(f"{what} {number} of the transmission format is not known")
    if int.from_bytes(fixed[44:46], "big") != RSA_BYTES:
        raise Malformed("the wrapped file key has another length than its kind")
    if fixed[12:44].hex() != builder_key.key_id:
        raise WrongKey("the file is for another Builder's key")


def open_header(source: Source, builder_key: BuilderKey) -> Envelope:
    """Reads the header, unwraps the file key and verifies the header tag."""
    fixed = source.read(0, 46, "its header")
    _check_fixed(fixed, builder_key)
    header = source.read(0, HEADER, "its header")
    body, tag = header[:-32], header[-32:]
    file_key = builder_key.unwrap(header[46:430], "trybuy/v1/file-key", "the file key")
    key = hkdf(file_key, b"", "trybuy/v1/header", 32)
    if not hmac.compare_digest(hmac.digest(key, body, "sha256"), tag):
        raise FileDamaged("the header tag is wrong")
    return Envelope(file_key, tag, fixed[12:44].hex())


def stream_length(plain: int) -> int:
    """How many bytes a stream of `plain` bytes has (EN-9)."""
    return plain + TAG * -(-plain // CHUNK)


class Stream:
    """A stream, of which any range can be read; one opened chunk is kept."""

    def __init__(self, source: Source, offset: int, plain: int, key: bytes):
        self._source = source
        self._offset = offset
        self._plain = plain
        self._key = key
        self._kept = (-1, b"")

    def _chunk(self, index: int) -> bytes:
        if self._kept[0] != index:
            last = (index + 1) * CHUNK >= self._plain
            length = min(CHUNK, self._plain - index * CHUNK) + TAG
            sealed = self._source.read(
                self._offset + index * (CHUNK + TAG), length, f"chunk {index}"
            )
            nonce = index.to_bytes(11, "big") + bytes([last])
            self._kept = (index, open_gcm(self._key, nonce, sealed, f"chunk {index}"))
        return self._kept[1]

    def read(self, position: int, length: int) -> bytes:
        """`length` bytes of the plaintext from `position`, which lie within it."""
        out = bytearray()
        while length:
            index, skip = divmod(position, CHUNK)
            part = self._chunk(index)[skip : skip + length]
            out += part
            position += len(part)
            length -= len(part)
        return bytes(out)

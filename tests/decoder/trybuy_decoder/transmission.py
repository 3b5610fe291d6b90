"""The transmission format in both layouts (TF-1 to TF-11) and client storage (CS-1, CS-2)."""

from bisect import bisect_right

from .control import check_against_file, check_control, check_licensee, open_control
from .documents import parse_table
from .envelope import HEADER, Envelope, Stream, open_header, stream_length
from .failures import ControlMismatch, FileDamaged, FormatTooNew, Malformed, WrongKey
from .license import License
from .primitives import TAG, ZERO_NONCE, BuilderKey, PublicKey, hkdf, open_gcm
from .program import decode_program
from .sections import NAMES, Source, check_sections, section_start, text_digest

PREAMBLE = 32
AFTER_PREAMBLE = HEADER + PREAMBLE + TAG
AREA_CAP = 65536
SEALED_CONTROL_CAP = 32768
PUBLIC_KEY_CAP = 1024
PIECES = 8
STORED_HEAD = 16
CLEAR_COPY_CAP = 8192
LAYOUTS = {1: "leading", 2: "dispersed"}


class Preamble:
    """Layout, length of the control area, lengths of the sections."""

    def __init__(self, data: bytes):
        if data[0] not in LAYOUTS:
            raise Malformed("the layout is neither leading nor dispersed")
        if any(data[1:4]) or any(data[20:24]):
            raise Malformed("reserved bytes of the preamble are not zero")
        self.layout = LAYOUTS[data[0]]
        self.area = int.from_bytes(data[4:8], "big")
        fields = (data[8:12], data[12:16], data[16:20], data[24:32])
        self.lengths = {n: int.from_bytes(f, "big") for n, f in zip(NAMES, fields)}
        check_sections(self.lengths)
        if not 1 <= self.area <= AREA_CAP or (self.layout == "dispersed" and self.area % PIECES):
            raise Malformed("the length of the control area is impossible")

    def file_length(self) -> int:
        """The exact length of the file (TF-11)."""
        body = sum(self.lengths.values())
        if self.layout == "leading":
            return AFTER_PREAMBLE + self.area + TAG + stream_length(body)
        return AFTER_PREAMBLE + stream_length(body + self.area)


class LeadingBody:
    """The sections in the body of the leading layout (TF-7)."""

    def __init__(self, source: Source, preamble: Preamble, envelope: Envelope):
        self.lengths = preamble.lengths
        sealed = source.read(AFTER_PREAMBLE, preamble.area + TAG, "its control area")
        nonce = bytes(11) + b"\x01"
        self.area = open_gcm(envelope.head_key(), nonce, sealed, "the control area")
        key = hkdf(envelope.file_key, b"", "trybuy/v1/body", 32)
        start = AFTER_PREAMBLE + preamble.area + TAG
        self.read = Stream(source, start, sum(self.lengths.values()), key).read


class DispersedBody:
    """The sections and pieces in the body of the dispersed layout (TF-9, TF-10)."""

    def __init__(self, source: Source, preamble: Preamble, envelope: Envelope):
        self.lengths = preamble.lengths
        plain = sum(self.lengths.values()) + preamble.area
        key = hkdf(envelope.file_key, envelope.tag, "trybuy/v1/body-dispersed", 32)
        self._stream = Stream(source, AFTER_PREAMBLE, plain, key)
        self._piece = preamble.area // PIECES
        self._program = section_start(self.lengths, "program")
        drawn = hkdf(envelope.file_key, envelope.tag, "trybuy/v1/dispersal", 8 * PIECES)
        self._offsets = sorted(
            int.from_bytes(drawn[8 * k : 8 * k + 8], "big") % (self.lengths["program"] + 1)
            for k in range(PIECES)
        )
        self.area = b"".join(
            self._stream.read(self._program + offset + k * self._piece, self._piece)
            for k, offset in enumerate(self._offsets)
        )

    def read(self, position: int, length: int) -> bytes:
        """Bytes of the sections, counted without the pieces."""
        out = bytearray()
        while length:
            before = bisect_right(self._offsets, position - self._program)
            part = length
            if before < PIECES:
                part = min(length, self._program + self._offsets[before] - position)
            out += self._stream.read(position + before * self._piece, part)
            position += part
            length -= part
        return bytes(out)


def _field(area: bytes, offset: int, cap: int) -> tuple:
    if len(area) < offset + 4:
        raise Malformed("the control area is too short")
    length = int.from_bytes(area[offset : offset + 4], "big")
    end = offset + 4 + length
    if length > cap or end > len(area):
        raise Malformed("a length in the control area is impossible")
    return area[offset + 4 : end], end


def _split_area(area: bytes, layout: str) -> tuple:
    """Sealed control information and server's public key (TF-2)."""
    sealed, end = _field(area, 0, SEALED_CONTROL_CAP)
    spki, end = _field(area, end, PUBLIC_KEY_CAP)
    padding = -end % PIECES if layout == "dispersed" else 0
    if area[end:] != bytes(padding):
        raise Malformed("the control area does not end where it must")
    return sealed, spki


class Transmission:
    """An opened transmission file: its control information is verified, its body is not yet.

    `payload`: the control information's bytes; `control`: its object.
    """

    def __init__(self, source: Source, builder_key: BuilderKey, server_key: PublicKey,
                 license: License):
        envelope = open_header(source, builder_key)
        sealed = source.read(HEADER, PREAMBLE + TAG, "its preamble")
        preamble = Preamble(open_gcm(envelope.head_key(), ZERO_NONCE, sealed, "the preamble"))
        if source.length != preamble.file_length():
            raise FileDamaged("the file has another length than its preamble says")
        bodies = {"leading": LeadingBody, "dispersed": DispersedBody}
        self.body = bodies[preamble.layout](source, preamble, envelope)
        sealed_control, spki = _split_area(self.body.area, preamble.layout)
        if spki != server_key.spki:
            raise WrongKey("the file holds the public key of another server")
        self.payload, self.control = open_control(sealed_control, license, server_key)
        check_against_file(
            self.control, envelope, builder_key, preamble.layout, preamble.lengths
        )
        check_licensee(self.control, license)

    def read(self, sink=lambda block: None) -> dict:
        """Reads the whole body, decodes the program into `sink`, checks digests and size."""
        result = {"control": self.control}
        for name in NAMES[:3]:
            result[f"{name}_digest"] = text_digest(self.body, name)
        result |= decode_program(self.body, sink)
        for name in ("terms_digest", "program_size", "program_digest"):
            if result[name] != self.control[name]:
                raise ControlMismatch(f"the control information has another {name}")
        return result


def open_transmission(file, builder_key, server_key, license) -> Transmission:
    """Opens a transmission file."""
    return Transmission(Source(file), builder_key, server_key, license)


def open_stored(file, builder_key, server_key, license) -> Transmission:
    """Opens a file in the client storage format and compares its clear copy (CS-2)."""
    source = Source(file)
    head = source.read(0, STORED_HEAD, "its head")
    if head[:8] != b"trybuy-c":
        raise Malformed("not a file in the client storage format")
    if head[8] != 1:
        raise FormatTooNew(f"version {head[8]} of the client storage format is not known")
    length = int.from_bytes(head[12:], "big")
    if any(head[9:12]) or not 2 <= length <= CLEAR_COPY_CAP:
        raise Malformed("the head is wrong")
    copy = source.read(STORED_HEAD, length, "its clear copy")
    parse_table(copy, check_control)
    inner = source.after(STORED_HEAD + length)
    opened = Transmission(inner, builder_key, server_key, license)
    if copy != opened.payload:
        raise ControlMismatch("the clear copy is not the verified control information")
    return opened

"""The program section: blocks, table, size (SF-4 to SF-7)."""

import hashlib

import zstandard

from .failures import Malformed
from .sections import section_start

BLOCK = 1 << 20
PROGRAM_SIZE_CAP = 64 << 30
WINDOW_CAP = 8 << 20
ZSTD_MAGIC = bytes.fromhex("28b52ffd")
PLAIN = 1 << 31


def _window(frame: bytes) -> int:
    """The window of a frame (RFC 8878, 3.1.1.1.2); none of its own in a single segment."""
    if len(frame) < 6 or frame[4] & 0x20:
        return 0
    base = 1 << 10 + (frame[5] >> 3)
    return base + base // 8 * (frame[5] & 7)


def _decode_frame(frame: bytes, length: int) -> bytes:
    """One zstd frame that decodes to exactly `length` bytes, given no more room (SF-7)."""
    if frame[:4] != ZSTD_MAGIC:
        raise Malformed("a block is not a zstd frame")
    if _window(frame) > WINDOW_CAP:
        raise Malformed("a frame asks for too large a window")
    try:
        known = zstandard.get_frame_parameters(frame).content_size
        # The library would make as much room as the frame asks for.
        if known not in (zstandard.CONTENTSIZE_UNKNOWN, length):
            raise Malformed("a frame has another length than its block")
        decoder = zstandard.ZstdDecompressor(max_window_size=WINDOW_CAP)
        block = decoder.decompress(frame, max_output_size=length, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise Malformed("a block does not decode to its length") from error
    if len(block) != length:
        raise Malformed("a block does not decode to its length")
    return block


def _stored_lengths(table: bytes, size: int, room: int) -> list:
    """Pairs (plain, stored length) of the table, checked by SF-6; `room`: what they add up to."""
    entries = []
    for index in range(len(table) // 4):
        entry = int.from_bytes(table[4 * index : 4 * index + 4], "big")
        length = min(BLOCK, size - index * BLOCK)
        plain, stored = bool(entry & PLAIN), entry & (PLAIN - 1)
        if stored != length if plain else not 0 < stored < length:
            raise Malformed("a stored length does not fit its block")
        entries.append((plain, stored))
    if sum(stored for _, stored in entries) != room:
        raise Malformed("the stored lengths do not add up to the section")
    return entries


def decode_program(sections, sink) -> dict:
    """Decodes the program block by block into `sink(bytes)`; returns its size and digest."""
    start, length = section_start(sections.lengths, "program"), sections.lengths["program"]
    if length < 12:
        raise Malformed("the program section is too short")
    tail = sections.read(start + length - 12, 12)
    size, count = int.from_bytes(tail[:8], "big"), int.from_bytes(tail[8:], "big")
    if not 0 < size <= PROGRAM_SIZE_CAP or count != -(-size // BLOCK):
        raise Malformed("the size of the program is impossible")
    room = length - 12 - 4 * count
    if room < 0:
        raise Malformed("the program section is too short for its table")
    table = sections.read(start + room, 4 * count)
    program = hashlib.sha256()
    left = size
    for plain, stored in _stored_lengths(table, size, room):
        data = sections.read(start, stored)
        block = data if plain else _decode_frame(data, min(BLOCK, left))
        program.update(block)
        sink(block)
        start += stored
        left -= len(block)
    return {"program_size": size, "program_digest": program.hexdigest()}

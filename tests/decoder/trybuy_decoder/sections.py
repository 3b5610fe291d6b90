"""Sections (TF-4), where they stand, and reading of files piece by piece."""

import codecs
import hashlib

from .failures import FileDamaged, Malformed
from .documents import integer, record

DOCUMENTATION_CAP = 4 << 20
TERMS_CAP = 1 << 20
PROGRAM_CAP = 64 << 30
LEAST_PROGRAM = 17
NAMES = ("documentation", "terms", "relicensing", "program")
STEP = 1 << 16

check_sections = record({
    "documentation": integer(0, DOCUMENTATION_CAP),
    "terms": integer(1, TERMS_CAP),
    "relicensing": integer(0, TERMS_CAP),
    "program": integer(LEAST_PROGRAM, PROGRAM_CAP),
})


class Source:
    """A range of an open binary file, from `base` to its end."""

    def __init__(self, file, base: int = 0):
        self._file = file
        self._base = base
        self.length = file.seek(0, 2) - base

    def read(self, offset: int, length: int, what: str) -> bytes:
        """Exactly `length` bytes, or a refusal of the file as cut off."""
        if offset + length > self.length:
            raise FileDamaged(f"the file ends within {what}")
        self._file.seek(self._base + offset)
        data = self._file.read(length)
        if len(data) != length:
            raise FileDamaged(f"the file ends within {what}")
        return data

    def after(self, offset: int) -> "Source":
        """What of the source stands after its first `offset` bytes."""
        return Source(self._file, self._base + offset)


class StoredSections:
    """The sections of a server file, in the clear after its manifest."""

    def __init__(self, source: Source, offset: int, lengths: dict):
        self.lengths = lengths
        self._source = source
        self._offset = offset

    def read(self, position: int, length: int) -> bytes:
        """Bytes of the sections, counted from the first one's begin."""
        return self._source.read(self._offset + position, length, "its sections")


def section_start(lengths: dict, name: str) -> int:
    """Where a section begins, counted from the first one's begin."""
    return sum(lengths[earlier] for earlier in NAMES[: NAMES.index(name)])


def text_digest(sections, name: str) -> str:
    """The digest of one of the first three sections, which must be UTF-8 (SF-3)."""
    position = section_start(sections.lengths, name)
    end = position + sections.lengths[name]
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while position < end:
            part = sections.read(position, min(STEP, end - position))
            digest.update(part)
            decoder.decode(part)
            position += len(part)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise Malformed(f"the section {name} is not UTF-8") from error
    return digest.hexdigest()

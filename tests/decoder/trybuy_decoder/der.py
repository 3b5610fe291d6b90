"""Strict DER (X.690, sections 8, 10 and 11), as much of it as certificates need."""

import calendar
import datetime
import re

from .failures import Malformed

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
ENUMERATED, UTF8, PRINTABLE = 0x0A, 0x0C, 0x13
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31
FIRST_OF_GENERALIZED = 2050
LARGEST_SECOND_ARC, LARGEST_ARC = 39, 2**32 - 1


class Element:
    """One encoded value: `tag`, `content`, and all of its bytes, `raw`."""

    def __init__(self, tag: int, content: bytes, raw: bytes):
        self.tag, self.content, self.raw = tag, content, raw

    def expect(self, tag: int) -> "Element":
        """Refuses any other tag."""
        if self.tag != tag:
            raise Malformed(f"tag {tag:#x} expected, not {self.tag:#x}")
        return self

    def children(self, tag: int = SEQUENCE) -> "Reader":
        """What is inside."""
        return Reader(self.expect(tag).content)

    def inside(self, tag: int) -> "Element":
        """The one value inside an explicit tag."""
        return whole(self.expect(tag).content)

    def integer(self) -> int:
        """An INTEGER in as few bytes as it needs."""
        data = self.expect(INTEGER).content
        if not data or (len(data) > 1 and (data[0], data[1] >> 7) in ((0, 0), (255, 1))):
            raise Malformed("an INTEGER is not in as few bytes as it needs")
        return int.from_bytes(data, "big", signed=True)

    def boolean(self) -> bool:
        """A BOOLEAN: all bits zero or all bits one."""
        if self.expect(BOOLEAN).content not in (b"\x00", b"\xff"):
            raise Malformed("a BOOLEAN is neither 00 nor FF")
        return self.content == b"\xff"

    def oid(self) -> str:
        """An OBJECT IDENTIFIER in dotted form."""
        data = self.expect(OID).content
        if not data or data[-1] & 0x80:
            raise Malformed("an OBJECT IDENTIFIER is cut off")
        arcs, value, fresh = [], 0, True
        for byte in data:
            if fresh and byte == 0x80:
                raise Malformed("an arc begins with zeros")
            value, fresh = value << 7 | byte & 0x7F, not byte & 0x80
            if fresh:
                arcs.append(value)
                value = 0
        top = min(arcs[0] // 40, 2)
        arcs = [top, arcs[0] - 40 * top, *arcs[1:]]
        if arcs[1] > LARGEST_SECOND_ARC or max(arcs) > LARGEST_ARC:
            raise Malformed("an arc is too large")
        return ".".join(map(str, arcs))

    def bits(self) -> tuple:
        """A BIT STRING: its bytes and how many bits of the last are unused (these are zero)."""
        data = self.expect(BIT_STRING).content
        if not data or data[0] > 7 or (data[0] and len(data) == 1):
            raise Malformed("a BIT STRING without a number of unused bits")
        if data[0] and data[-1] & ((1 << data[0]) - 1):
            raise Malformed("unused bits are not zero")
        return data[1:], data[0]

    def named_bits(self) -> frozenset:
        """The bits that are set in a BIT STRING of named bits, which has no zeros behind them."""
        data, unused = self.bits()
        if data and not data[-1] >> unused & 1:
            raise Malformed("zeros at the end of named bits")
        return frozenset(i for i in range(8 * len(data)) if data[i // 8] >> (7 - i % 8) & 1)

    def string(self) -> str:
        """A UTF8String or PrintableString."""
        if self.tag not in (UTF8, PRINTABLE):
            raise Malformed("a string expected")
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Malformed("a string is not in its character set") from error

    def time(self) -> int:
        """Seconds since 1970 of a time as RFC 5280 (4.1.2.5) wants it: UTCTime until 2049."""
        year = {UTC_TIME: "([0-9]{2})", GENERALIZED_TIME: "([0-9]{4})"}.get(self.tag)
        pattern = rf"{year}([0-9]{{2}})([0-9]{{2}})([0-9]{{2}})([0-9]{{2}})([0-9]{{2}})Z"
        found = year and re.fullmatch(pattern.encode(), self.content)
        if not found:
            raise Malformed("a time expected")
        parts = [int(part) for part in found.groups()]
        if self.tag == UTC_TIME:
            parts[0] += 1900 if parts[0] >= 50 else 2000
        elif parts[0] < FIRST_OF_GENERALIZED:
            raise Malformed("a GeneralizedTime before 2050")
        try:
            moment = datetime.datetime(*parts)
        except ValueError as error:
            raise Malformed("no such time") from error
        if moment.year < 1970:
            raise Malformed("a time before 1970")
        return calendar.timegm(moment.timetuple())


def _length(data: bytes, at: int) -> tuple:
    """A length in as few bytes as it needs, and where it ends."""
    if at >= len(data):
        raise Malformed("cut off before a length")
    first = data[at]
    if first < 0x80:
        return first, at + 1
    end = at + 1 + (first & 0x7F)
    value = int.from_bytes(data[at + 1 : end], "big")
    if first == 0x80 or end > len(data) or data[at + 1] == 0 or value < 0x80:
        raise Malformed("a length is not in its one form")
    return value, end


class Reader:
    """Values one behind the other."""

    def __init__(self, data: bytes):
        self._data = data

    def __bool__(self):
        return bool(self._data)

    def next(self) -> Element:
        """The next value."""
        if not self._data or self._data[0] & 0x1F == 0x1F:
            raise Malformed("a value of one of the first tags expected")
        length, start = _length(self._data, 1)
        end = start + length
        if end > len(self._data):
            raise Malformed("a value is cut off")
        element = Element(self._data[0], self._data[start:end], self._data[:end])
        self._data = self._data[end:]
        return element

    def optional(self, tag: int):
        """The next value if it has this tag, otherwise None."""
        return self.next() if self._data and self._data[0] == tag else None

    def rest(self) -> list:
        """All the values that are left."""
        out = []
        while self:
            out.append(self.next())
        return out

    def end(self) -> None:
        """Refuses anything more."""
        if self:
            raise Malformed("something stands behind the last value")


def whole(data: bytes) -> Element:
    """The one value that these bytes are."""
    reader = Reader(data)
    element = reader.next()
    reader.end()
    return element

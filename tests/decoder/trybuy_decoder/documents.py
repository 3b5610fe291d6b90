"""JSON texts (CV-2), names (ID-1 to ID-5) and instants (CV-4)."""

import calendar
import datetime
import json
import re
import unicodedata

from .failures import FormatTooNew, Malformed
from .primitives import from_base64

LARGEST_INTEGER = 2**53 - 1
LARGEST_VERSION_NUMBER = 2**64 - 1
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NUMBER = r"(?:0|[1-9][0-9]*)"
_PRE = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_PRE}(?:\.{_PRE})*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)
_INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z", re.ASCII
)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"


def _members_once(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("a member stands twice")
    return members


def _no_fraction(text):
    raise Malformed(f"{text} is not an integer")


def _integer(text):
    value = int(text)
    if not 0 <= value <= LARGEST_INTEGER:
        raise Malformed(f"{text} is not an integer from 0 to 2^53 - 1")
    return value


def parse_object(data: bytes) -> dict:
    """Parses an object in any spelling."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Malformed("not a JSON text") from error
    if type(value) is not dict:
        raise Malformed("an object expected")
    return value


def parse_json(data: bytes, *, canonical: bool = True):
    """Parses a JSON text. Canonical: in the one spelling of CV-2."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_members_once,
            parse_int=_integer,
            parse_float=_no_fraction,
            parse_constant=_no_fraction,
        )
        if canonical:
            check_spelling(value, data)
    except (ValueError, RecursionError) as error:
        raise Malformed("not a JSON text") from error
    return value


def check_spelling(value, data: bytes) -> None:
    """Refuses a JSON text that is not the one spelling of its value."""
    try:
        written = write_json(value)
    except ValueError as error:
        raise Malformed("a string holds half of a surrogate pair") from error
    if written != data:
        raise Malformed("the JSON text is not in its one spelling")


def write_json(value) -> bytes:
    """The one spelling of a JSON value, its members in the order they have."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def instant(text) -> int:
    """Seconds since 1970 of an instant (CV-4)."""
    found = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if not found or int(found[1]) < 1970:
        raise Malformed("an instant like 2026-12-22T10:00:00Z expected")
    try:
        moment = datetime.datetime(*(int(part) for part in found.groups()))
    except ValueError as error:
        raise Malformed("no such instant") from error
    return calendar.timegm(moment.timetuple())


def write_instant(seconds: int) -> str:
    """An instant as it is written (CV-4)."""
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    return moment.isoformat(timespec="seconds") + "Z"


def semver_order(text: str):
    """A sort key by the precedence of semver.org 2.0.0, section 11 (build metadata ignored)."""
    found = _SEMVER.fullmatch(text)
    if not found:
        raise Malformed("a semantic version expected")
    numbers = tuple(int(found[i]) for i in (1, 2, 3))
    if max(numbers) > LARGEST_VERSION_NUMBER:
        raise Malformed("a number of the version is beyond 2^64 - 1")
    parts = []
    for part in found[4].split(".") if found[4] else ():
        numeric = part.isdigit()
        parts.append((0, int(part), "") if numeric else (1, 0, part))
    return numbers, not parts, parts


# Each check below takes a value of a parsed JSON text and refuses it or lets it pass.


def text(shortest: int, longest: int):
    """A string by its number of Unicode scalar values."""

    def check(value):
        if type(value) is not str or not shortest <= len(value) <= longest:
            raise Malformed(f"a string of {shortest} to {longest} characters expected")

    return check


def line(shortest: int, longest: int):
    """One line by its number of characters (ID-5)."""
    inner = text(shortest, longest)

    def check(value):
        inner(value)
        steers = "[\u2028-\u202e\u2066-\u2069]"
        if any(unicodedata.category(c) == "Cc" for c in value) or re.search(steers, value):
            raise Malformed("one line expected")

    return check


def name(value) -> None:
    """A name of a person or an application (ID-5)."""
    line(1, 100)(value)
    if value.strip() != value:
        raise Malformed("a name has no white space at its ends")


def email(value) -> None:
    """An e-mail address (ID-5). That its domain has an ASCII form is not checked."""
    line(1, 254)(value)
    local, _, domain = value.rpartition("@")
    atom = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\U0010ffff]+"
    label = r"(?!-)[A-Za-z0-9\-\u0080-\U0010ffff]+(?<!-)"
    well_formed = all(
        re.fullmatch(rf"{part}(\.{part})*", text)
        for part, text in ((atom, local), (label, domain))
    )
    spaced = any(c.isspace() for c in value)
    if len(value.encode()) > 254 or not well_formed or spaced:
        raise Malformed("an e-mail address expected")


def matching(pattern: str, what: str):
    """A string that fits a regular expression as a whole."""
    compiled = re.compile(pattern, re.ASCII)

    def check(value):
        if type(value) is not str or not compiled.fullmatch(value):
            raise Malformed(f"{what} expected")

    return check


def one_of(*choices: str):
    """One of some strings."""

    def check(value):
        if type(value) is not str or value not in choices:
            raise Malformed(f"one of {choices} expected")

    return check


def integer(lowest: int, highest: int = LARGEST_INTEGER):
    """An integer within bounds."""

    def check(value):
        if type(value) is not int or not lowest <= value <= highest:
            raise Malformed(f"an integer from {lowest} to {highest} expected")

    return check


def boolean(value) -> None:
    """True or false."""
    if type(value) is not bool:
        raise Malformed("true or false expected")


def or_null(inner):
    """What `inner` checks, or null."""

    def check(value):
        if value is not None:
            inner(value)

    return check


def array(inner, fewest: int, most: int):
    """An array of what `inner` checks."""

    def check(value):
        if type(value) is not list or not fewest <= len(value) <= most:
            raise Malformed(f"an array of {fewest} to {most} expected")
        for item in value:
            inner(item)

    return check


def base64_of(length: int | None):
    """Base64url (CV-3), of a fixed length where one is given."""

    def check(value):
        if type(value) is not str:
            raise Malformed("base64url expected")
        data = from_base64(value)
        if length is not None and len(data) != length:
            raise Malformed(f"base64url of {length} bytes expected")

    return check


class left_out_or:
    """A member that may be left out."""

    def __init__(self, inner):
        self.inner = inner

    def __call__(self, value):
        self.inner(value)


def record(members: dict, optional: bool = False):
    """An object with exactly these members in this order; optional: or with fewer of them."""

    def check(value):
        if type(value) is not dict:
            raise Malformed("an object expected")
        expected = [
            name for name, inner in members.items()
            if name in value or not (optional or isinstance(inner, left_out_or))
        ]
        if list(value) != expected:
            raise Malformed(f"the members {expected} expected, in this order")
        for name, inner in members.items():
            if name in value:
                inner(value[name])

    return check


def format_one(value) -> None:
    """The member `format`, of which only 1 is known."""
    if type(value) is not int:
        raise Malformed("the format is not an integer")
    if value != 1:
        raise FormatTooNew(f"format {value} is not known")


def parse_table(data: bytes, check) -> dict:
    """Parses a payload or manifest; its `format` is looked at before anything else in it."""
    value = parse_json(data, canonical=False)
    if type(value) is not dict or "format" not in value:
        raise Malformed("an object with a format expected")
    format_one(value["format"])
    check_spelling(value, data)
    check(value)
    return value


def semantic_version(value) -> None:
    """A release (ID-2)."""
    text(1, 64)(value)
    semver_order(value)


def application_id(value) -> None:
    """An application id (ID-1)."""
    text(3, 128)(value)
    matching(rf"{_LABEL}(?:\.{_LABEL})+", "an application id")(value)


def platform(value) -> None:
    """A platform (ID-3)."""
    text(3, 32)(value)
    matching(r"[a-z0-9_]+-[a-z0-9_]+", "a platform")(value)


uuid = matching(UUID, "a UUID in lower case")
digest = matching(r"[0-9a-f]{64}", "64 hexadecimal digits in lower case")
label = matching(_LABEL, "a label")

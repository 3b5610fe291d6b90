"""X.509 certificates (CT-1), read without a judgement of what is in them but their encoding."""

import base64
import binascii
import re

from .der import BOOLEAN, INTEGER, OCTET_STRING, SET, Element, Reader, whole
from .failures import Malformed, Profile

CERTIFICATE_CAP = 4096
FILE_CAP = 65536
LONGEST_PATH = 255
SERIAL_NUMBER = "2.5.4.5"
SUBJECT_KEY, KEY_USAGE, BASIC, AUTHORITY_KEY, EXTENDED_USAGE = (
    f"2.5.29.{n}" for n in (14, 15, 19, 35, 37)
)
LIST_NUMBER = "2.5.29.20"
_CONTEXT, _EXPLICIT = 0x80, 0xA0
_GENERAL_NAMES = (0xA0, 0x81, 0x82, 0xA3, 0xA4, 0xA5, 0x86, 0x87, 0x88)
_BEGIN = "-----BEGIN CERTIFICATE-----"
_PEM = re.compile(
    rf"^{_BEGIN}\r?\n((?:[A-Za-z0-9+/]{{64}}\r?\n)*[A-Za-z0-9+/=]{{1,64}})\r?\n"
    r"-----END CERTIFICATE-----\r?$",
    re.ASCII | re.MULTILINE,
)


class Extension:
    """An extension: whether it is `critical`, and its `value`."""

    def __init__(self, critical: bool, value: bytes):
        self.critical, self.value = critical, value


def read_name(element: Element) -> list:
    """The attributes of a name, as pairs of type and value."""
    attributes = []
    for part in element.children().rest():
        several = part.children(SET).rest()
        if not several or [one.raw for one in several] != sorted(one.raw for one in several):
            raise Malformed("a part of a name is empty or not in order")
        for one in several:
            inside = one.children()
            attributes.append((inside.next().oid(), inside.next()))
            inside.end()
    return attributes


def is_serial(element: Element) -> bool:
    """Whether a number is positive and has 8 to 20 bytes (CT-8)."""
    return element.integer() > 0 and 8 <= len(element.content) <= 20


def read_algorithm(element: Element) -> tuple:
    """An algorithm's identifier and its parameters' bytes (empty: none)."""
    inside = element.children()
    identifier = inside.next().oid()
    parameters = inside.next().raw if inside else b""
    inside.end()
    return identifier, parameters


def read_extensions(elements: list) -> list:
    """Extensions in their order, as pairs of type and `Extension`."""
    found = []
    for element in elements:
        inside = element.children()
        kind = inside.next().oid()
        flag = inside.optional(BOOLEAN)
        if flag and not flag.boolean():
            raise Malformed("a default is written out")
        found.append((kind, Extension(flag is not None, inside.next().expect(OCTET_STRING).content)))
        inside.end()
    return found


def by_kind(extensions: list) -> dict:
    """Extensions by their types, of which none stands twice."""
    found = dict(extensions)
    if len(found) != len(extensions):
        raise Profile("an extension stands twice")
    return found


def read_key_usage(value: bytes) -> frozenset:
    """The bits of a key usage."""
    return whole(value).named_bits()


def read_extended_usage(value: bytes) -> list:
    """The purposes of an extended key usage."""
    return [item.oid() for item in whole(value).children().rest()]


def read_basic(value: bytes) -> tuple:
    """Basic constraints: whether it is an authority, and the path length or None."""
    inside = whole(value).children()
    flag, length = inside.optional(BOOLEAN), inside.optional(INTEGER)
    inside.end()
    if flag and not flag.boolean():
        raise Malformed("a default is written out")
    if length and not 0 <= length.integer() <= LONGEST_PATH:
        raise Malformed("a path length is negative, or too large")
    return flag is not None, None if length is None else length.integer()


def read_authority_key(value: bytes):
    """The key identifier in an authority key identifier, or None."""
    inside = whole(value).children()
    found = inside.optional(_CONTEXT)
    names, _ = inside.optional(_EXPLICIT | 1), inside.optional(_CONTEXT | 2)
    inside.end()
    if names and any(it.tag not in _GENERAL_NAMES for it in Reader(names.content).rest()):
        raise Malformed("not a list of names")
    return found and found.content


_VALUES = {
    KEY_USAGE: read_key_usage, EXTENDED_USAGE: read_extended_usage, BASIC: read_basic,
    AUTHORITY_KEY: read_authority_key,
    SUBJECT_KEY: lambda value: whole(value).expect(OCTET_STRING).content,
    LIST_NUMBER: lambda value: whole(value).integer(),
}


def read_values(extensions: list) -> dict:
    """The values of the extensions that are known, by their types (CT-8)."""
    try:
        return {kind: _VALUES[kind](it.value) for kind, it in extensions if kind in _VALUES}
    except Malformed as error:
        raise Profile("an extension is not in its one encoding") from error


class Certificate:
    """What a certificate says."""

    def __init__(self, der: bytes):
        if len(der) > CERTIFICATE_CAP:
            raise Malformed("a certificate is longer than 4096 bytes")
        self.der = der
        outer = whole(der).children()
        signed = outer.next()
        self.signed = signed.raw
        self.outer_algorithm = read_algorithm(outer.next())
        self.signature = outer.next().bits()
        outer.end()
        self._read(signed.children())

    def _read(self, fields) -> None:
        version = fields.optional(_EXPLICIT)
        self.version = version.inside(_EXPLICIT).integer() if version else 0
        if version and self.version not in (1, 2):
            raise Malformed("a default is written out, or a version that there is not")
        serial = fields.next()
        self.serial, self.has_serial = serial.integer(), is_serial(serial)
        self.inner_algorithm = read_algorithm(fields.next())
        self.issuer = fields.next()
        validity = fields.next().children()
        self.not_before, self.not_after = validity.next().time(), validity.next().time()
        validity.end()
        self.subject = fields.next()
        self.issuer_attributes, self.attributes = read_name(self.issuer), read_name(self.subject)
        self.key = fields.next()
        key = self.key.children()
        self.key_algorithm, self.key_bits = read_algorithm(key.next()), key.next().bits()
        key.end()
        self.unique = [u for u in map(fields.optional, (_CONTEXT | 1, _CONTEXT | 2)) if u]
        listed = fields.optional(_EXPLICIT | 3)
        fields.end()
        items = listed.inside(_EXPLICIT | 3).children().rest() if listed else []
        if listed and not items:
            raise Malformed("no extension in the list of them")
        self._read_extensions(read_extensions(items))

    def _read_extensions(self, extensions: list) -> None:
        self.extension_list = extensions
        self.extensions = dict(extensions)
        self.values = read_values(extensions)

    @property
    def spki(self) -> bytes:
        """The SubjectPublicKeyInfo."""
        return self.key.raw

    def ids(self) -> list:
        """The values of `serialNumber` in the subject."""
        try:
            return [value.string() for kind, value in self.attributes if kind == SERIAL_NUMBER]
        except Malformed as error:
            raise Profile("an id is in another kind of string") from error


def read_pem(text: str) -> list:
    """The certificates of a PEM text; other text is passed over."""
    if len(text.encode()) > FILE_CAP:
        raise Malformed("the file is too long")
    certificates = []
    for found in _PEM.finditer(text):
        try:
            der = base64.b64decode("".join(found[1].split()), validate=True)
        except binascii.Error as error:
            raise Malformed("PEM without base64") from error
        certificates.append(Certificate(der))
    if text.count(_BEGIN) != len(certificates):
        raise Malformed("PEM that is cut off")
    return certificates

"""Checks of what is in the file of a vector (VE-2)."""

import base64

from .documents import matching, record, text
from .failures import Malformed

FILE_CAP = 16 << 20
NAME = r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"
file_name = matching(NAME, "a name")
some_text = text(0, FILE_CAP)
some_bytes = matching(r"[A-Za-z0-9_-]*", "base64url")


def decode(value: str) -> bytes:
    """The bytes of base64url."""
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


def any_order(members: dict):
    """An object with exactly these members, in any order."""
    inner = record(members)

    def check(value):
        if type(value) is not dict or set(value) != set(members):
            raise Malformed(f"the members {sorted(members)} expected")
        inner({name: value[name] for name in members})

    return check

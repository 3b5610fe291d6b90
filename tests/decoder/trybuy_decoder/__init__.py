"""A second decoder of trybuy's formats, written from docs/formats alone.

Every refusal is a `Refusal`, whose `failure` is a class of docs/formats/vectors.md.
"""

from .expiry import decide
from .failures import Refusal
from .license import License, open_license, open_state
from .primitives import BuilderKey, PublicKey
from .requests import verify_request
from .server import read_server_file
from .transmission import Transmission, open_stored, open_transmission

__all__ = [
    "BuilderKey", "License", "PublicKey", "Refusal", "Transmission", "decide", "open_license",
    "open_state", "open_stored", "open_transmission", "read_server_file", "verify_request",
]

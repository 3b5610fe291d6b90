"""Test vectors (docs/formats/vectors.md): reads a directory of them and runs each one."""

import base64
import io
from pathlib import Path

from . import licensing_vectors
from .control import check_expiration, check_limits
from .documents import instant, one_of, or_null, parse_json, semantic_version, uuid
from .expiry import decide
from .failures import Malformed, Refusal
from .license import check_state, open_license, open_state
from .primitives import BuilderKey, PublicKey
from .requests import verify_request
from .server import read_server_file
from .transmission import open_stored, open_transmission
from .vector_inputs import any_order, decode, file_name, some_bytes, some_text

CLASSES = (
    "accept", "format-too-new", "wrong-key", "file-damaged", "licensee-mismatch",
    "control-mismatch", "malformed", "clock-skew", *licensing_vectors.CLASSES,
)


def _text_map(value) -> None:
    if type(value) is not dict:
        raise Malformed("an object expected")
    for name, item in value.items():
        file_name(name)
        some_text(item)


def _reordered(check, *names: str):
    """What `check` checks, its members in any order."""

    def reorder(value):
        if type(value) is dict:
            value = {name: value[name] for name in names if name in value} | value
        check(value)

    return reorder


_state_table = _reordered(
    check_state, "head_number", "first_warned_at", "launches", "running", "days"
)
_expiration_table = _reordered(check_expiration, "kind", "from", "grace")
_limits_table = _reordered(check_limits, "launches", "running", "days")


class Keys:
    """The keys and licenses of `keys.json`, by name."""

    check = staticmethod(any_order(
        {"builder_keys": _text_map, "server_keys": _text_map, "licenses": _text_map}
    ))

    def __init__(self, data: bytes):
        value = parse_json(data, canonical=False)
        self.check(value)
        self._builder = {n: BuilderKey(decode(k)) for n, k in value["builder_keys"].items()}
        self._server = {n: PublicKey(decode(k)) for n, k in value["server_keys"].items()}
        self._licenses = value["licenses"]

    def pair(self, given: dict) -> tuple:
        """Builder's key and server's key that a vector names."""
        try:
            return self._builder[given["builder_key"]], self._server[given["server_key"]]
        except KeyError as error:
            raise Malformed(f"keys.json has no key {error}") from error

    def document(self, name: str) -> bytes:
        """The Builder license of that name."""
        if name not in self._licenses:
            raise Malformed(f"keys.json has no license {name}")
        return self._licenses[name].encode()


def _transmission(keys: Keys, given: dict, opener) -> dict:
    builder, server = keys.pair(given)
    license = open_license(keys.document(given["license"]), server, builder)
    return opener(io.BytesIO(decode(given["file"])), builder, server, license).read()


def _license(keys: Keys, given: dict) -> dict:
    builder, server = keys.pair(given)
    license = open_license(given["document"].encode(), server, builder)
    secret = base64.urlsafe_b64encode(license.secret).rstrip(b"=").decode()
    return {"license": license.payload, "secret": secret}


def _state(keys: Keys, given: dict) -> dict:
    return {"state": open_state(decode(given["file"]), decode(given["secret"]), given["name"])}


def _request(keys: Keys, given: dict) -> dict:
    request = given["request"]
    return verify_request(
        key=decode(given["key"]), keyid=given["keyid"], now=instant(given["now"]),
        method=request["method"], path=request["path"], query=request["query"],
        headers=request["headers"], body=decode(request["body"]),
    )


def _expiry(keys: Keys, given: dict) -> dict:
    license = {"ends_at": given["license_ends_at"]}
    return decide(
        given["control"], license, instant(given["now"]), given["builder"], given["state"]
    )


_NAMED = {"builder_key": file_name, "server_key": file_name}
_FILE = any_order({**_NAMED, "license": file_name, "file": some_bytes})
FORMATS = {
    "transmission": (_FILE, lambda k, g: _transmission(k, g, open_transmission)),
    "client-storage": (_FILE, lambda k, g: _transmission(k, g, open_stored)),
    "server": (
        any_order({"file": some_bytes}),
        lambda k, g: read_server_file(io.BytesIO(decode(g["file"]))),
    ),
    "builder-license": (any_order({**_NAMED, "document": some_text}), _license),
    "sealed-state": (any_order({"secret": some_bytes, "name": uuid, "file": some_bytes}), _state),
    "request": (
        any_order({
            "key": some_bytes, "keyid": some_text, "now": instant,
            "request": any_order({
                "method": some_text, "path": some_text, "query": or_null(some_text),
                "headers": _text_map, "body": some_bytes,
            }),
        }),
        _request,
    ),
    "expiry": (
        any_order({
            "control": any_order({
                "issued_at": instant, "ends_at": or_null(instant),
                "expiration": _expiration_table, "limits": _limits_table,
                "minimum_builder": or_null(semantic_version),
            }),
            "license_ends_at": or_null(instant), "now": instant, "builder": semantic_version,
            "state": _state_table,
        }),
        _expiry,
    ),
    **licensing_vectors.FORMATS,
}


def _read(path: Path) -> dict:
    value = parse_json(path.read_bytes(), canonical=False)
    members = {
        "name": file_name, "format": one_of(*FORMATS), "expect": one_of(*CLASSES), "comment": some_text,
        "input": lambda given: None,
    }
    if type(value) is dict and value.get("expect") == "accept":
        members["result"] = lambda result: None
    any_order(members)(value)
    if value["name"] != path.stem:
        raise Malformed("the file is not named after its vector")
    FORMATS[value["format"]][0](value["input"])
    return value


def _run(vector: dict, keys: Keys) -> dict:
    """What the decoder makes of a vector: `expect` and, where accepted, `result`."""
    try:
        result = FORMATS[vector["format"]][1](keys, vector["input"])
    except Refusal as refusal:
        return {"expect": refusal.failure}
    return {"expect": "accept", "result": result}


def run_vectors(directory: Path) -> dict:
    """Runs every vector of a directory; returns how many there are and which ones differ."""
    keys = Keys((directory / "keys.json").read_bytes())
    paths = sorted(p for p in directory.glob("*.json") if p.name != "keys.json")
    if not paths:
        raise Malformed("the directory holds no vectors")
    differences = []
    for path in paths:
        try:
            vector = _read(path)
        except Refusal as refusal:
            raise Malformed(f"{path.name} is not a vector: {refusal}") from refusal
        found = _run(vector, keys)
        wanted = {name: vector[name] for name in ("expect", "result") if name in vector}
        if found != wanted:
            differences.append({"name": vector["name"], "wanted": wanted, "found": found})
    return {"vectors": len(paths), "differences": differences}

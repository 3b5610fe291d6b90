"""Vectors of signed requests and the expiry decision."""

import base64

import encoder as enc
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CREATED = 1798797600  # 2027-01-01T10:00:00Z
END = "2026-12-22T10:00:00Z"
DAY = 20809  # 2026-12-22
NEUTRAL = b"\x01" + bytes(31)


def write(writer) -> None:
    """Writes them all."""
    _write_requests(writer)
    _write_expiry(writer)


def _write_requests(writer) -> None:
    key = Ed25519PrivateKey.from_private_bytes(writer.secret)
    public = key.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    target = {"method": "POST", "path": "/api/v1/trials", "query": "a=1&b=%20"}

    def given(keyid=enc.LICENSE, body=b"{}", created=CREATED, **changes) -> dict:
        headers = enc.sign_request(key, keyid, created, body=body, **target | changes)
        request = target | changes | {"headers": headers, "body": enc.b64(body)}
        return {"key": enc.b64(public), "keyid": keyid, "now": "2027-01-01T10:00:00Z",
                "request": request}

    for name, rule, made in (
        ("request", "RQ-1", given()),
        ("request-without-body", "RQ-1", given(body=b"", method="GET", query=None)),
        ("request-of-registration", "RQ-2", given(keyid=enc.b64(public))),
        ("request-300-later", "RQ-5", given() | {"now": "2027-01-01T10:05:00Z"}),
        ("request-300-earlier", "RQ-5", given() | {"now": "2027-01-01T09:55:00Z"}),
    ):
        writer.write(name, "request", "accept", rule, made,
                     {"created": CREATED, "keyid": made["keyid"]})
    _write_refused_requests(writer, given)


def _write_refused_requests(writer, given) -> None:
    good = given()
    headers = good["request"]["headers"]

    def request(**changes) -> dict:
        return good | {"request": good["request"] | changes}

    def header(name: str, old: str, new: str) -> dict:
        value = headers[name].replace(old, new, 1)
        assert value != headers[name]
        return request(headers=headers | {name: value})

    tag = base64.b64decode(headers["signature"][8:-1])
    order = 2**252 + 27742317777372353535851937790883648493
    larger = tag[:32] + (int.from_bytes(tag[32:], "little") + order).to_bytes(32, "little")
    item = lambda data: f"trybuy=:{base64.b64encode(data).decode()}:"
    fits_all = {"headers": headers | {"signature": item(NEUTRAL + bytes(32))}}
    params = "signature-input"
    for name, expect, rule, made in (
        ("301-later", "clock-skew", "RQ-5", good | {"now": "2027-01-01T10:05:01Z"}),
        ("301-earlier", "clock-skew", "RQ-5", good | {"now": "2027-01-01T09:54:59Z"}),
        ("other-keyid", "wrong-key", "RQ-2", good | {"keyid": enc.TRIAL}),
        ("other-key", "file-damaged", "RQ-4", good | {"key": enc.b64(bytes([9] * 32))}),
        ("other-body", "file-damaged", "RQ-3", request(body="")),
        ("other-method", "file-damaged", "RQ-1", request(method="PUT")),
        ("other-path", "file-damaged", "RQ-1", request(path="/api/v1/x")),
        ("other-query", "file-damaged", "RQ-1", request(query=None)),
        ("no-headers", "malformed", "RQ-8", request(headers={})),
        ("component", "malformed", "RQ-1", header(params, '"@query" ', "")),
        ("parameter", "malformed", "RQ-1", header(params, ";alg", ';tag="x";alg')),
        ("algorithm", "malformed", "RQ-1", header(params, "ed25519", "rsa-pss-sha512")),
        ("created-zero", "malformed", "RQ-1", header(params, "created=", "created=0")),
        ("created-9999", "malformed", "RQ-1", header(params, "created=", "created=999")),
        ("keyid-upper-case", "malformed", "RQ-2",
         header(params, enc.LICENSE, enc.LICENSE.upper())),
        ("keyid-base64", "malformed", "RQ-2", header(params, enc.LICENSE, "A" * 42 + "B")),
        ("second-signature", "malformed", "RQ-4", header("signature", ":", ":AAAA:, a=:")),
        ("unpadded", "malformed", "RQ-3", header("signature", "==", "")),
        ("digest-algorithm", "file-damaged", "RQ-3", header("content-digest", "256", "512")),
        ("larger-scalar", "file-damaged", "RQ-4",
         request(headers=headers | {"signature": item(larger)})),
        ("key-of-small-order", "file-damaged", "RQ-4",
         request(**fits_all) | {"key": enc.b64(NEUTRAL)}),
        ("key-past-the-prime", "file-damaged", "RQ-4",
         request(**fits_all) | {"key": enc.b64(b"\xee" + b"\xff" * 30 + b"\x7f")}),
    ):
        writer.write(f"request-{name}", "request", expect, rule, made)


def _refuse(reason: str) -> dict:
    return {"answer": "refuse", "reason": reason}


def _until(answer: str, moment, days) -> dict:
    return {"answer": answer, "until": moment, "days_left": days}


def _soft(start: str, grace: int = 60) -> dict:
    return {"expiration": {"kind": "soft", "from": start, "grace": grace}}


GRACE, FIRST = _soft("expiration"), _soft("first-warning")
LIMITED = {"limits": {"launches": 2, "running": 100, "days": 2}}
LAST = "9999-12-31T23:59:59Z"
# Name, rule, trusted time, changes of the control information, of the state, of the rest, result.
ROWS = (
    ("issued", "XD-3", "2026-12-01T00:00:00Z", {}, {}, {}, _until("allow", END, 22)),
    ("a-day-left", "XD-3", "2026-12-21T10:00:00Z", {}, {}, {}, _until("allow", END, 1)),
    ("more-than-a-day-left", "XD-3", "2026-12-21T09:59:59Z", {}, {}, {}, _until("allow", END, 2)),
    ("before", "XD-2", "2026-12-22T09:59:59Z", {}, {}, {}, _until("allow", END, 1)),
    ("hard", "XD-9", END, {}, {}, {}, _refuse("trial-expired")),
    ("endless", "XD-8", END, {"ends_at": None}, {}, {}, _until("allow", None, None)),
    ("license-before", "XD-4", "2026-12-22T09:59:59Z", {}, {}, {"license_ends_at": END},
     _until("allow", END, 1)),
    ("license-over", "XD-4", END, {"ends_at": None, "minimum_builder": "9.0.0"}, {},
     {"license_ends_at": END}, _refuse("builder-license-expired")),
    ("old-builder", "XD-5", "2026-01-01T00:00:00Z", {"minimum_builder": "1.0.0"}, {},
     {"builder": "1.0.0-rc.1"}, _refuse("builder-too-old")),
    ("builder-numbers", "XD-5", END, {"minimum_builder": "1.9.0"}, {}, {"builder": "1.10.0"},
     _refuse("trial-expired")),
    ("builder-build-metadata", "ID-2", END, {"minimum_builder": "1.0.0+vendor"}, {}, {},
     _refuse("trial-expired")),
    ("set-back-a-day", "XD-6", "2026-11-30T00:00:00Z", {}, {}, {}, _until("allow", END, 23)),
    ("set-back", "XD-6", "2026-11-29T23:59:59Z", {"limits": {"launches": 1}}, {"launches": 1}, {},
     _refuse("clock-set-back")),
    ("limits-not-reached", "XD-7", "2026-12-02T00:00:00Z", LIMITED,
     {"launches": 1, "running": 99, "days": [DAY - 30, DAY - 20]}, {}, _until("allow", END, 21)),
    ("launches", "XD-7", "2026-12-02T00:00:00Z", LIMITED, {"launches": 2}, {},
     _refuse("limit-reached")),
    ("running", "XD-7", "2026-12-02T00:00:00Z", LIMITED, {"running": 100}, {},
     _refuse("limit-reached")),
    ("days", "XD-13", "2026-12-02T00:00:00Z", LIMITED, {"days": [DAY - 22, DAY - 21]}, {},
     _refuse("limit-reached")),
    ("limit-before-end", "XD-7", END, GRACE | {"limits": {"launches": 1}}, {"launches": 1}, {},
     _refuse("limit-reached")),
    ("grace", "XD-10", END, GRACE, {}, {}, _until("warn", "2026-12-22T10:01:00Z", 1)),
    ("grace-last", "XD-10", "2026-12-22T10:00:59Z", GRACE, {}, {},
     _until("warn", "2026-12-22T10:01:00Z", 1)),
    ("grace-over", "XD-10", "2026-12-22T10:01:00Z", GRACE, {}, {}, _refuse("grace-ended")),
    ("grace-days", "XD-3", END, _soft("expiration", 86401), {}, {},
     _until("warn", "2026-12-23T10:00:01Z", 2)),
    ("grace-longest", "CI-3", END, _soft("expiration", 36525 * 86400), {}, {},
     _until("warn", "2126-12-23T10:00:00Z", 36525)),
    ("grace-9999", "CV-4", "9999-12-31T23:59:58Z",
     _soft("first-warning") | {"ends_at": "9999-12-31T23:59:57Z"}, {}, {}, _until("warn", LAST, 1)),
    ("grace-9999-over", "CV-4", LAST, _soft("first-warning") | {"ends_at": LAST}, {}, {},
     _refuse("grace-ended")),
    ("first-warning", "XD-11", "2026-12-24T10:00:00Z", FIRST, {}, {},
     _until("warn", "2026-12-24T10:01:00Z", 1)),
    ("warned", "XD-11", "2026-12-24T10:00:59Z", FIRST,
     {"first_warned_at": "2026-12-24T10:00:00Z"}, {}, _until("warn", "2026-12-24T10:01:00Z", 1)),
    ("warned-over", "XD-11", "2026-12-24T10:01:00Z", FIRST,
     {"first_warned_at": "2026-12-24T10:00:00Z"}, {}, _refuse("grace-ended")),
    ("warned-early", "XD-12", END, FIRST, {"first_warned_at": "2026-01-01T00:00:00Z"}, {},
     _until("warn", "2026-12-22T10:01:00Z", 1)),
    ("warned-late", "XD-12", END, FIRST, {"first_warned_at": "2030-01-01T00:00:00Z"}, {},
     _until("warn", "2026-12-22T10:01:00Z", 1)),
)


def _write_expiry(writer) -> None:
    for name, rule, now, changes, state, rest, result in ROWS:
        control = {
            "issued_at": "2026-12-01T00:00:00Z", "ends_at": END,
            "expiration": {"kind": "hard"}, "limits": {}, "minimum_builder": None,
        } | changes
        given = {"control": control, "license_ends_at": None, "now": now, "builder": "1.0.0",
                 "state": enc.STATE | state} | rest
        writer.write(f"expiry-{name}", "expiry", "accept", rule, given, result)

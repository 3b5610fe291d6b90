"""The expiry decision and signed requests."""

import hashlib
import unittest

import encoder as enc
import trybuy_decoder as dec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from test_decoder import Case
from trybuy_decoder.documents import instant
from trybuy_decoder.ed25519 import GROUP_ORDER

END = "2026-12-22T10:00:00Z"
HARD = {"kind": "hard"}
TODAY = instant(END) // 86400


def soft(start, grace):
    """A soft expiration."""
    return {"kind": "soft", "from": start, "grace": grace}


def decide(now, state=None, license_ends_at=None, builder="1.0.0", **changes):
    """The decision; `now` is an instant or seconds after END."""
    control = {
        "issued_at": "2026-12-01T00:00:00Z", "ends_at": END, "expiration": HARD, "limits": {},
        "minimum_builder": None,
    } | changes
    moment = instant(END) + now if isinstance(now, int) else instant(now)
    license = {"ends_at": license_ends_at}
    found = dec.decide(control, license, moment, builder, enc.STATE | (state or {}))
    return found.get("reason") or (found["answer"], found["until"], found["days_left"])


class Expiry(Case):
    """XD-1 to XD-13."""

    def test_the_end_is_the_first_instant_that_is_over(self):
        self.assertEqual(decide(-1), ("allow", END, 1))
        self.assertEqual(decide(0), "trial-expired")
        self.assertEqual(decide(-86400), ("allow", END, 1))
        self.assertEqual(decide(-86401), ("allow", END, 2))
        self.assertEqual(decide("9999-12-31T23:59:59Z", ends_at=None), ("allow", None, None))

    def test_the_builders_own_license_comes_first(self):
        ended = dict(license_ends_at=END, ends_at=None)
        self.assertEqual(decide(-1, **ended), ("allow", None, None))
        self.assertEqual(decide(0, **ended), "builder-license-expired")
        both = dict(ended, minimum_builder="2.0.0", limits={"launches": 1})
        self.assertEqual(decide(0, {"launches": 1}, **both), "builder-license-expired")

    def test_an_older_builder_is_refused(self):
        self.assertEqual(decide(-1, minimum_builder="1.0.1"), "builder-too-old")
        early = decide(-1, builder="1.0.0-rc.1", minimum_builder="1.0.0")
        self.assertEqual(early, "builder-too-old")
        for oldest in ("1.0.0", "1.0.0+built-later"):
            self.assertEqual(decide(-1, minimum_builder=oldest)[0], "allow")

    def test_a_clock_set_back_by_more_than_a_day_is_refused(self):
        self.assertEqual(decide("2026-11-30T00:00:00Z")[0], "allow")
        self.assertEqual(decide("2026-11-29T23:59:59Z"), "clock-set-back")

    def test_limits_count_the_launch_that_is_about_to_happen(self):
        for limits, used, left in (
            ({"launches": 3}, {"launches": 3}, {"launches": 2}),
            ({"running": 60}, {"running": 60}, {"running": 59}),
            ({"days": 1}, {"days": [TODAY - 1]}, {"days": [TODAY]}),
            ({"days": 2}, {"days": [TODAY - 2, TODAY - 1]}, {"days": [TODAY - 1]}),
        ):
            self.assertEqual(decide(-1, used, limits=limits), "limit-reached")
            self.assertEqual(decide(-1, left, limits=limits)[0], "allow")

    def test_grace_from_expiration(self):
        rule = soft("expiration", 60)
        until = "2026-12-22T10:01:00Z"
        self.assertEqual(decide(-1, expiration=rule)[0], "allow")
        self.assertEqual(decide(0, expiration=rule), ("warn", until, 1))
        self.assertEqual(decide(59, expiration=rule), ("warn", until, 1))
        self.assertEqual(decide(60, expiration=rule), "grace-ended")
        self.assertEqual(decide(0, {"launches": 1}, expiration=rule, limits={"launches": 1}),
                         "limit-reached")

    def test_grace_from_the_first_warning(self):
        rule = soft("first-warning", 60)
        self.assertEqual(decide(3600, expiration=rule), ("warn", "2026-12-22T11:01:00Z", 1))
        given = {"first_warned_at": "2026-12-22T10:30:00Z"}
        self.assertEqual(decide(1859, given, expiration=rule)[1], "2026-12-22T10:31:00Z")
        self.assertEqual(decide(1860, given, expiration=rule), "grace-ended")

    def test_an_edited_first_warning_gains_nothing(self):
        rule = soft("first-warning", 60)
        early = {"first_warned_at": "2026-12-01T00:00:00Z"}
        self.assertEqual(decide(0, early, expiration=rule)[1], "2026-12-22T10:01:00Z")
        late = {"first_warned_at": "2027-12-01T00:00:00Z"}
        self.assertEqual(decide(3600, late, expiration=rule)[1], "2026-12-22T11:01:00Z")


class Requests(Case):
    """RQ-1 to RQ-5."""

    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    now = 1_800_000_000

    def verify(self, headers=None, **changes):
        """Signs a request, verifies it with changes."""
        request = {"method": "POST", "path": "/v1/trials", "query": None, "body": b"{}"}
        signed = enc.sign_request(
            self.key, changes.pop("signed_keyid", enc.LICENSE),
            changes.pop("created", self.now), **request | changes.pop("signed", {})
        )
        public = self.key.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        given = {"key": public, "keyid": enc.LICENSE, "now": self.now} | request | changes
        return dec.verify_request(headers=signed | (headers or {}), **given)

    def test_signed_requests_are_accepted(self):
        self.assertEqual(self.verify(), {"created": self.now, "keyid": enc.LICENSE})
        query = {"query": "a=1&b=%20"}
        self.verify(signed=query, **query)
        empty = {"method": "GET", "body": b""}
        self.verify(signed=empty, **empty)
        request_key = enc.b64(bytes(32))
        self.verify(signed_keyid=request_key, keyid=request_key)

    def test_anything_covered_that_was_changed_is_refused(self):
        for change in (
            {"method": "PUT"}, {"path": "/v1/trial"}, {"query": "a"}, {"body": b"{} "},
            {"key": bytes(32)},
        ):
            self.refused("file-damaged", self.verify, **change)
        self.refused("wrong-key", self.verify, keyid=enc.TRIAL)

    def test_old_and_new_requests_are_refused(self):
        for skew in (-300, 300):
            self.verify(created=self.now + skew)
        for skew in (-301, 301):
            self.refused("clock-skew", self.verify, created=self.now + skew)

    def test_headers_in_another_form_are_refused(self):
        good = enc.sign_request(
            self.key, enc.LICENSE, self.now, "POST", "/v1/trials", None, b"{}"
        )
        digest = good["content-digest"]
        for name, value in (
            ("signature-input", good["signature-input"].replace('"@query" ', "")),
            ("signature-input", good["signature-input"].replace(";alg", "; alg")),
            ("signature-input", good["signature-input"] + ";nonce=\"x\""),
            ("signature-input", good["signature-input"].replace("created=1", "created=01")),
            ("signature-input", good["signature-input"] + ', other=("@method")'),
            ("signature", good["signature"].replace("=:", "=:A")),
            ("signature", good["signature"][:-4] + ":"),
            ("signature-input", good["signature-input"].replace(enc.LICENSE, "A" * 42)),
            ("signature-input", good["signature-input"].replace("=18", "=99918")),
        ):
            self.refused("malformed", self.verify, headers={name: value})
        other = "sha-256=:" + enc.base64.b64encode(hashlib.sha256(b"").digest()).decode() + ":"
        for digest in (
            other, digest.replace("sha-256", "sha-512"), digest + ", sha-512=:AAAA:",
            digest.replace("=:", ":"),
        ):
            self.refused("file-damaged", self.verify, headers={"content-digest": digest})

    def test_keys_and_signatures_that_fit_many_messages_are_refused(self):
        neutral, point = b"\x01" + bytes(31), bytes([0x66] * 32)
        fits_all = "trybuy=:" + enc.base64.b64encode(neutral + bytes(32)).decode() + ":"
        past_the_prime = b"\xee" + b"\xff" * 30 + b"\x7f"
        for key in (neutral, bytes(32), past_the_prime, point):
            headers = {"signature": fits_all}
            self.refused("file-damaged", self.verify, key=key, headers=headers)
        _, _, signature = enc.sign_request(
            self.key, enc.LICENSE, self.now, "POST", "/v1/trials", None, b"{}"
        )["signature"].partition(":")
        made = enc.base64.b64decode(signature[:-1])
        scalar = int.from_bytes(made[32:], "little") + GROUP_ORDER
        larger = enc.base64.b64encode(made[:32] + scalar.to_bytes(32, "little")).decode()
        self.refused("file-damaged", self.verify, headers={"signature": f"trybuy=:{larger}:"})


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Writes a directory of test vectors (docs/formats/vectors.md) with the independent encoder."""

import base64
import json
import sys
from pathlib import Path

import encoder as enc
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ZERO = "0" * 64
STATE = {"first_warning": None, "launches": 0, "running": 0, "days": []}
NAMED = {"builder_key": "builder", "server_key": "server", "license": "license"}


def edited(made: enc.Transmission, **methods) -> enc.Transmission:
    """Lets `methods` change what the maker's methods of those names return."""
    for name, change in methods.items():
        original = getattr(made, name)
        setattr(made, name, lambda *a, c=change, o=original: c(o(*a)))
    return made


def flipped(data: bytes, at: int) -> bytes:
    """The data with one bit changed."""
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


class Writer:
    """The parties of a set of vectors, and the directory it is written to."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.server, self.builder = enc.Key(), enc.Key()
        self.stranger = enc.Key()
        self.secret = bytes(range(32))
        self.license = enc.make_license(self.server, self.builder, self.secret)
        other = {"licensee_ids": [enc.TRIAL]}
        self.other_licensee = enc.make_license(self.server, self.builder, self.secret, **other)
        self.other_secret = enc.make_license(self.server, self.builder, bytes(32))

    def write(self, name: str, form: str, expect: str, comment: str, given: dict, result=None):
        """Writes one vector."""
        vector = {
            "name": name, "format": form, "expect": expect, "comment": comment, "input": given,
        }
        if expect == "accept":
            vector["result"] = result
        self._json(name, vector)

    def _json(self, name: str, value) -> None:
        text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
        (self.directory / f"{name}.json").write_text(text, encoding="utf-8")

    def write_keys(self) -> None:
        """Writes keys.json."""
        licenses = {
            "license": self.license, "other-licensee": self.other_licensee,
            "other-secret": self.other_secret,
        }
        self._json("keys", {
            "builder_keys": {
                "builder": enc.b64(self.builder.pkcs8), "stranger": enc.b64(self.stranger.pkcs8),
            },
            "server_keys": {
                "server": enc.b64(self.server.spki), "stranger": enc.b64(self.stranger.spki),
            },
            "licenses": {name: text.decode() for name, text in licenses.items()},
        })

    def transmission(self, layout: str) -> enc.Transmission:
        """A transmission file in the making."""
        release = enc.Release(b"program " * 40)
        return enc.Transmission(self.server, self.builder, self.secret, release, layout)

    @staticmethod
    def digests(release: enc.Release) -> dict:
        """What a decoder finds in the sections."""
        texts = dict(zip(("documentation", "terms", "relicensing"), release.texts))
        return {
            **{f"{name}_digest": enc.sha(text) for name, text in texts.items()},
            "program_section_digest": enc.sha(release.section()),
            "program_size": len(release.program),
            "program_digest": enc.sha(release.program),
        }

    def result(self, made: enc.Transmission) -> dict:
        """What a decoder finds in a transmission file."""
        return {"control": made.control(), **self.digests(made.release)}

    def refused_file(self, name: str, expect: str, comment: str, file: bytes, **named) -> None:
        """Writes a vector of a refused transmission file."""
        given = NAMED | named | {"file": enc.b64(file)}
        self.write(name, "transmission", expect, comment, given)

    def write_files(self, layout: str) -> None:
        """Vectors of one layout."""
        made = self.transmission(layout)
        file = made.file()
        given = NAMED | {"file": enc.b64(file)}
        self.write(f"{layout}", "transmission", "accept", "Figure 4 or 5", given, self.result(made))
        for name, rule, data in (
            ("cut", "TF-11", file[:-1]), ("longer", "TF-11", file + b"\0"),
            ("flipped-body", "EN-10", flipped(file, -1)),
            ("flipped-preamble", "EN-7", flipped(file, 470)),
            ("flipped-wrapped-key", "EN-1", flipped(file, 100)),
            ("flipped-header-tag", "EN-2", flipped(file, 461)),
        ):
            self.refused_file(f"{layout}-{name}", "file-damaged", rule, data)
        self.refused_file(f"{layout}-version-2", "format-too-new", "EN-3",
                          file[:8] + b"\x02" + file[9:])
        stored = enc.stored_file(made.payload(), file)
        given = NAMED | {"file": enc.b64(stored)}
        self.write(f"stored-{layout}", "client-storage", "accept", "CS-2", given,
                   self.result(made))
        given = NAMED | {"file": enc.b64(flipped(stored, 40))}
        self.write(f"stored-{layout}-edited", "client-storage", "control-mismatch", "CS-2", given)

    def write_forms(self) -> None:
        """Vectors of intact files that break one rule."""
        for name, expect, rule, layout, edit in (
            ("unknown-member", "malformed", "CV-2", "leading",
             {"control": lambda c: c | {"more": 1}}),
            ("format-2", "format-too-new", "CI-3", "leading",
             {"control": lambda c: c | {"format": 2}}),
            ("spaced-json", "malformed", "CV-11", "leading", {"payload": lambda p: p + b" "}),
            ("commitment", "control-mismatch", "CI-6", "leading",
             {"control": lambda c: c | {"file_key_commitment": ZERO}}),
            ("layout", "control-mismatch", "CI-6", "dispersed",
             {"control": lambda c: c | {"layout": "leading"}}),
            ("program-digest", "control-mismatch", "CI-3", "dispersed",
             {"control": lambda c: c | {"program_digest": ZERO}}),
            ("reserved-preamble", "malformed", "CV-11", "leading",
             {"preamble": lambda p: p[:3] + b"\x01" + p[4:]}),
            ("area-longer", "malformed", "TF-2", "leading", {"area": lambda a: a + b"\0"}),
            ("area-padded-by-8", "malformed", "TF-2", "dispersed",
             {"area": lambda a: a + bytes(8)}),
        ):
            file = edited(self.transmission(layout), **edit).file()
            self.refused_file(f"form-{name}", expect, rule, file)

    def write_identities(self) -> None:
        """Vectors of files for others."""
        made = self.transmission("leading")
        file = made.file()
        self.refused_file("identity-licensee", "licensee-mismatch", "CI-6", file,
                          license="other-licensee")
        self.refused_file("identity-secret", "licensee-mismatch", "CI-5", file,
                          license="other-secret")
        made.builder = self.stranger
        made.header = made.make_header() + bytes(32)
        self.refused_file("identity-builder", "wrong-key", "EN-4", made.header + file[462:])
        made = self.transmission("dispersed")
        made.server = self.stranger
        self.refused_file("identity-server", "wrong-key", "TF-3", made.file())

    def write_server(self) -> None:
        """Vectors of the server format."""
        release = enc.Release(b"program " * 40)
        file = release.server_file(self.server)
        manifest = json.loads(file[16 : 16 + int.from_bytes(file[12:16], "big")])
        result = {"manifest": manifest, **self.digests(release)}
        self.write("server", "server", "accept", "SF-2", {"file": enc.b64(file)}, result)
        wrong = enc.Release(b"program " * 40)
        wrong.stored = [enc.Release.store(b"program " * 41)]
        for name, expect, rule, data in (
            ("cut", "file-damaged", "SF-1", file[:-1]),
            ("digest", "file-damaged", "SF-2",
             release.server_file(self.server, terms_digest=ZERO)),
            ("unknown-member", "malformed", "CV-2", release.server_file(self.server, more=1)),
            ("version-2", "format-too-new", "SF-2", file[:8] + b"\x02" + file[9:]),
            ("long-frame", "malformed", "SF-7", wrong.server_file(self.server)),
        ):
            self.write(f"server-{name}", "server", expect, rule, {"file": enc.b64(data)})

    def write_licenses(self) -> None:
        """Vectors of Builder licenses and sealed states."""
        named = {"builder_key": "builder", "server_key": "server"}
        text = self.license.decode()
        payload = text.split(".")[1]
        payload = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        result = {"license": payload, "secret": enc.b64(self.secret)}
        self.write("license", "builder-license", "accept", "BL-2", named | {"document": text},
                   result)
        for name, expect, rule, document, changes in (
            ("padded", "malformed", "CV-3", text + "=", {}),
            ("other-type", "malformed", "CI-2",
             self.server.sign("trybuy-control", b"{}").decode(), {}),
            ("other-server", "wrong-key", "CI-1", text, {"server_key": "stranger"}),
            ("other-builder", "wrong-key", "BL-2", text, {"builder_key": "stranger"}),
            ("signature", "file-damaged", "CI-2", text[:-600] + "AAAA" + text[-596:], {}),
        ):
            given = named | changes | {"document": document}
            self.write(f"license-{name}", "builder-license", expect, rule, given)
        data = enc.make_state(self.secret, "clock", {"seen": 1})
        given = {"secret": enc.b64(self.secret), "name": "clock", "file": enc.b64(data)}
        self.write("state", "sealed-state", "accept", "BL-6", given, {"state": {"seen": 1}})
        self.write("state-other-name", "sealed-state", "file-damaged", "BL-6",
                   given | {"name": enc.TRIAL})

    def write_requests(self) -> None:
        """Vectors of signed requests."""
        key = Ed25519PrivateKey.from_private_bytes(self.secret)
        public = key.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        created = 1798797600  # 2027-01-01T10:00:00Z
        request = {"method": "POST", "path": "/v1/trials", "query": "a=1"}
        headers = enc.sign_request(key, enc.LICENSE, created, body=b"{}", **request)
        request |= {"headers": headers, "body": enc.b64(b"{}")}
        given = {
            "key": enc.b64(public), "keyid": enc.LICENSE, "now": "2027-01-01T10:05:00Z",
            "request": request,
        }
        self.write("request", "request", "accept", "RQ-1", given,
                   {"created": created, "keyid": enc.LICENSE})
        for name, expect, rule, changes in (
            ("late", "clock-skew", "RQ-5", {"now": "2027-01-01T10:05:01Z"}),
            ("other-key", "wrong-key", "RQ-2", {"keyid": enc.TRIAL}),
            ("other-body", "file-damaged", "RQ-3", {"request": request | {"body": ""}}),
            ("other-path", "file-damaged", "RQ-4", {"request": request | {"path": "/v1/x"}}),
            ("no-signature", "malformed", "RQ-4", {"request": request | {"headers": {}}}),
        ):
            self.write(f"request-{name}", "request", expect, rule, given | changes)

    def write_expiry(self) -> None:
        """Vectors of the expiry decision."""
        end = "2026-12-22T10:00:00Z"
        first = {"kind": "soft", "from": "first-warning", "grace": 60}
        grace = {"kind": "soft", "from": "expiration", "grace": 60}

        def refuse(reason):
            return {"answer": "refuse", "reason": reason}

        def until(answer, moment, days=1):
            return {"answer": answer, "until": moment, "days_left": days}

        for name, rule, now, changes, state, result in (
            ("before", "XD-8", "2026-12-22T09:59:59Z", {}, {}, until("allow", end)),
            ("hard", "XD-9", end, {}, {}, refuse("trial-expired")),
            ("endless", "XD-8", end, {"ends_at": None}, {}, until("allow", None, None)),
            ("grace", "XD-10", end, {"expiration": grace}, {},
             until("warn", "2026-12-22T10:01:00Z")),
            ("grace-over", "XD-10", "2026-12-22T10:01:00Z", {"expiration": grace}, {},
             refuse("grace-ended")),
            ("first-warning", "XD-11", "2026-12-24T10:00:00Z", {"expiration": first}, {},
             until("warn", "2026-12-24T10:01:00Z")),
            ("edited-warning", "XD-12", end, {"expiration": first},
             {"first_warning": "2030-01-01T00:00:00Z"}, until("warn", "2026-12-22T10:01:00Z")),
            ("launches", "XD-7", "2026-12-02T00:00:00Z", {"limits": {"launches": 2}},
             {"launches": 2}, refuse("limit-reached")),
            ("days", "XD-13", "2026-12-03T00:00:00Z", {"limits": {"days": 1}},
             {"days": ["2026-12-02"]}, refuse("limit-reached")),
            ("set-back", "XD-6", "2026-11-29T23:59:59Z", {}, {}, refuse("clock-set-back")),
            ("old-builder", "XD-5", end, {"minimum_builder": "1.0.0"}, {},
             refuse("builder-too-old")),
        ):
            control = {
                "issued_at": "2026-12-01T00:00:00Z", "ends_at": end,
                "expiration": {"kind": "hard"}, "limits": {}, "minimum_builder": None,
            } | changes
            given = {"control": control, "license_ends_at": None, "now": now,
                     "builder": "1.0.0-rc.1", "state": STATE | state}
            self.write(f"expiry-{name}", "expiry", "accept", rule, given, result)


def write_vectors(directory: Path) -> None:
    """Writes the whole set into a directory that exists."""
    writer = Writer(directory)
    writer.write_keys()
    for layout in ("leading", "dispersed"):
        writer.write_files(layout)
    writer.write_forms()
    writer.write_identities()
    writer.write_server()
    writer.write_licenses()
    writer.write_requests()
    writer.write_expiry()


if __name__ == "__main__":
    write_vectors(Path(sys.argv[1]))

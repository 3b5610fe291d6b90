"""Vectors of the server format, Builder licenses and sealed states."""

import base64
import json

import encoder as enc

ZERO = "0" * 64


def write(writer) -> None:
    """Writes them all."""
    _write_server(writer)
    _write_licenses(writer)
    _write_states(writer)


def _write_server(writer) -> None:
    release = enc.Release(b"program " * 8)
    file = release.server_file(writer.server)
    result = {"manifest": release.manifest(writer.server), **release.digests()}
    writer.write("server", "server", "accept", "SF-2", {"file": enc.b64(file)}, result)

    def with_manifest(**changes) -> bytes:
        return release.server_file(writer.server, **changes)

    end = 16 + int.from_bytes(file[12:16], "big")
    manifest, sections = file[16:end], file[end:]
    spaced = enc.stored_file(manifest + b" ", sections, b"trybuy-s\x01\0\0\0")
    for name, expect, rule, data in (
        ("magic", "malformed", "server format", b"T" + file[1:]),
        ("version-2", "format-too-new", "CV-13", file[:8] + b"\x02" + file[9:]),
        ("reserved", "malformed", "CV-11", file[:11] + b"\x01" + file[12:]),
        ("manifest-cap", "malformed", "CV-10", file[:12] + (65537).to_bytes(4, "big") + file[16:]),
        ("cut-in-head", "file-damaged", "server format", file[:15]),
        ("cut-in-manifest", "file-damaged", "server format", file[: end - 1]),
        ("cut", "file-damaged", "SF-1", file[:-1]), ("longer", "file-damaged", "SF-1", file + b"\0"),
        ("spaced", "malformed", "CV-2", spaced),
        ("format-2", "format-too-new", "CV-13", with_manifest(format=2)),
        ("unknown-member", "malformed", "CV-2", with_manifest(more=1)),
        ("program-size", "malformed", "SF-2", with_manifest(program_size=63)),
        ("documentation-digest", "file-damaged", "SF-2", with_manifest(documentation_digest=ZERO)),
        ("terms-digest", "file-damaged", "SF-2", with_manifest(terms_digest=ZERO)),
        ("relicensing-digest", "file-damaged", "SF-2", with_manifest(relicensing_digest=ZERO)),
        ("program-digest", "file-damaged", "SF-2", with_manifest(program_digest=ZERO)),
        ("summary-lines", "malformed", "ID-5", with_manifest(summary="two\nlines")),
        ("summary-201", "malformed", "SF-2", with_manifest(summary="ü" * 201)),
        ("homepage-scheme", "malformed", "SF-2", with_manifest(homepage="ftp://example.org")),
        ("homepage-letters", "malformed", "SF-2", with_manifest(homepage="https://ä.example")),
        ("homepage-no-host", "malformed", "SF-2", with_manifest(homepage="http:///x")),
        ("homepage-301", "malformed", "SF-2", with_manifest(homepage="https://" + "x" * 293)),
        ("categories-9", "malformed", "SF-2", with_manifest(categories=["c"] * 9)),
        ("category-empty", "malformed", "SF-2", with_manifest(categories=[""])),
        ("kind", "malformed", "SF-2", with_manifest(kind="script")),
        ("key", "malformed", "CV-6",
         with_manifest(server_public_key=enc.b64(writer.server.spki + b"\0"))),
        ("key-identifier", "malformed", "CV-6", with_manifest(
            server_public_key=enc.b64(writer.server.spki.replace(b"\r\1\1\1", b"\r\1\1\n")))),
    ):
        writer.write(f"server-{name}", "server", expect, rule, {"file": enc.b64(data)})
    longest = {"homepage": "https://" + "x" * 292, "summary": "ü" * 200, "categories": ["c" * 40] * 8}
    result["manifest"] = release.manifest(writer.server, **longest)
    writer.write("server-longest", "server", "accept", "SF-2",
                 {"file": enc.b64(with_manifest(**longest))}, result)


def _payload(document: str) -> dict:
    payload = document.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def _write_licenses(writer) -> None:
    named = {"builder_key": "builder", "server_key": "server"}
    secret = enc.b64(writer.secret)
    text = writer.licenses["license"].decode()
    sixteen = {"licensee_ids": [enc.LICENSEE] * 16, "kind": "trial",
               "ends_at": "2027-01-01T00:00:00Z"}
    for name, document in (("license", text), ("license-trial", writer.license(**sixteen).decode())):
        result = {"license": _payload(document), "secret": secret}
        writer.write(name, "builder-license", "accept", "BL-2", named | {"document": document}, result)

    def sealed(length: int, label: bytes, key: enc.Key = writer.builder) -> bytes:
        return writer.license(sealed_secret=enc.b64(key.wrap(bytes(length), label)))

    label = b"trybuy/v1/license-secret"
    for name, expect, rule, document, changes in (
        ("padded", "malformed", "CV-3", text.encode() + b"=", {}),
        ("newline", "malformed", "BL-5", text.encode() + b"\n", {}),
        ("other-type", "malformed", "CI-2", writer.server.sign("trybuy-control", b"{}"), {}),
        ("other-server", "wrong-key", "CI-2", text.encode(), {"server_key": "stranger"}),
        ("other-builder", "wrong-key", "BL-2", text.encode(), {"builder_key": "stranger"}),
        ("signature", "file-damaged", "CI-2", (text[:-100] + "AAAA" + text[-96:]).encode(), {}),
        ("format-2", "format-too-new", "CV-13", writer.licenses["newer"], {}),
        ("unknown-member", "malformed", "CV-2", writer.license(more=1), {}),
        ("no-licensee", "malformed", "BL-2", writer.license(licensee_ids=[]), {}),
        ("licensees-17", "malformed", "BL-2", writer.license(licensee_ids=[enc.TRIAL] * 17), {}),
        ("trial-without-end", "malformed", "BL-2", writer.license(kind="trial"), {}),
        ("email", "malformed", "ID-5",
         writer.license(holder={"name": "Zoë", "email": "zoe@a@b"}), {}),
        ("email-255", "malformed", "ID-5",
         writer.license(holder={"name": "Zoë", "email": "ö" * 126 + "@ab"}), {}),
        ("request-key-31", "malformed", "BL-2", writer.license(request_key=enc.b64(bytes(31))), {}),
        ("secret-383", "malformed", "BL-2", writer.license(sealed_secret=enc.b64(bytes(383))), {}),
        ("secret-31-bytes", "file-damaged", "BL-3", sealed(31, label), {}),
        ("secret-label", "file-damaged", "BL-3", sealed(32, b"trybuy/v1/file-key"), {}),
        ("secret-of-another", "file-damaged", "BL-3", sealed(32, label, writer.stranger), {}),
    ):
        given = named | changes | {"document": document.decode()}
        writer.write(f"license-{name}", "builder-license", expect, rule, given)


def _write_states(writer) -> None:
    def given(data: bytes, name: str = enc.TRIAL) -> dict:
        return {"secret": enc.b64(writer.secret), "name": name, "file": enc.b64(data)}

    def made(name: str = enc.TRIAL, **changes) -> bytes:
        return enc.make_state(writer.secret, name, enc.STATE | changes)

    used = {"first_warned_at": "2026-12-22T10:00:00Z", "launches": 3, "running": 60,
            "days": [0, 20809]}
    for name, changes in (("state", {}), ("state-used", used)):
        writer.write(name, "sealed-state", "accept", "BL-7", given(made(**changes)),
                     {"state": enc.STATE | changes})
    data, text = made(), enc.jsn(enc.STATE)
    for name, expect, rule, file in (
        ("other-trial", "file-damaged", "BL-6", made(enc.LICENSE)),
        ("of-the-clock", "file-damaged", "BL-6", made("clock")),
        ("flipped", "file-damaged", "BL-6", data[:-1] + bytes([data[-1] ^ 1])),
        ("cut", "file-damaged", "BL-6", data[:-1]),
        ("cut-in-salt", "file-damaged", "BL-6", data[:20]),
        ("magic", "malformed", "BL-6", b"T" + data[1:]),
        ("version-2", "format-too-new", "CV-13", data[:8] + b"\x02" + data[9:]),
        ("reserved", "malformed", "CV-11", data[:11] + b"\x01" + data[12:]),
        ("unknown-member", "malformed", "CV-2", made(more=1)),
        ("spaced", "malformed", "CV-2", enc.make_state(writer.secret, enc.TRIAL, text + b" ")),
        ("order", "malformed", "CV-2", enc.make_state(
            writer.secret, enc.TRIAL, dict(reversed(enc.STATE.items())))),
        ("days-order", "malformed", "BL-7", made(days=[2, 1])),
        ("days-twice", "malformed", "BL-7", made(days=[1, 1])),
        ("launches-negative", "malformed", "CV-2", made(launches=-1)),
    ):
        writer.write(f"state-{name}", "sealed-state", expect, rule, given(file))

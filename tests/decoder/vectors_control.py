"""Vectors of signed documents in transmission files: spelling, values, and what they agree with."""

import encoder as enc

ZERO = "0" * 64
SPELLINGS = (
    ("trailing-space", lambda p: p + b" "),
    ("inner-space", lambda p: p.replace(b":", b": ", 1)),
    ("byte-order-mark", lambda p: b"\xef\xbb\xbf" + p),
    ("escaped-letter", lambda p: p.replace(b"Lumen", b"Lume\\u006e")),
    ("escaped-slash", lambda p: p.replace(b"Lumen", b"Lu\\/men")),
    ("surrogate", lambda p: p.replace(b"Lumen", b"\\ud800")),
    ("not-utf-8", lambda p: p.replace(b"Lumen", b"\xff")),
    ("member-twice", lambda p: p.replace(b'"format":1', b'"format":1,"format":1')),
    ("float", lambda p: p.replace(b'"head_number":1', b'"head_number":1.0')),
    ("exponent", lambda p: p.replace(b'"head_number":1', b'"head_number":1e0')),
    ("leading-zero", lambda p: p.replace(b'"head_number":1', b'"head_number":01')),
    ("two-texts", lambda p: p + b"{}"),
    ("cut", lambda p: p[:-1]),
    ("too-long", lambda p: p + b" " * 8192),
)


def _soft(grace: int) -> dict:
    return {"kind": "soft", "from": "first-warning", "grace": grace}


VALUES = (
    ("unknown-member", "CV-2", {"more": 1}),
    ("application", "ID-1", {"application": "lumen"}),
    ("name-empty", "ID-5", {"name": ""}),
    ("name-101", "ID-5", {"name": "ü" * 101}),
    ("name-spaced", "ID-5", {"name": "Lumen "}),
    ("name-lines", "ID-5", {"name": "Lu\u2028men"}),
    ("name-control", "ID-5", {"name": "Lu\u009bmen"}),
    ("release", "ID-2", {"release": "1.2"}),
    ("release-number", "ID-2", {"release": "18446744073709551616.0.0"}),
    ("platform", "ID-3", {"platform": "linux"}),
    ("licensee-upper-case", "ID-4", {"licensee_id": enc.LICENSEE.upper()}),
    ("kind", "CI-3", {"kind": "gift"}),
    ("trial-without-end", "CI-3", {"ends_at": None}),
    ("head-number-0", "CI-3", {"head_number": 0}),
    ("head-number-2-53", "CV-2", {"head_number": 2**53}),
    ("leap-second", "CV-4", {"ends_at": "2026-12-31T23:59:60Z"}),
    ("offset", "CV-4", {"issued_at": "2026-12-01T00:00:00+00:00"}),
    ("year-1969", "CV-4", {"issued_at": "1969-12-31T23:59:59Z"}),
    ("grace-0", "CI-3", {"expiration": _soft(0)}),
    ("grace-cap", "CI-3", {"expiration": _soft(36525 * 86400 + 1)}),
    ("hard-with-grace", "CI-3", {"expiration": {"kind": "hard", "grace": 1}}),
    ("limit-0", "CI-3", {"limits": {"launches": 0}}),
    ("limit-null", "CV-2", {"limits": {"launches": None}}),
    ("limits-order", "CV-2", {"limits": {"days": 1, "launches": 1}}),
    ("minimum-builder", "ID-2", {"minimum_builder": "01.0.0"}),
    ("digest-upper-case", "CV-5", {"program_digest": "F" * 64}),
    ("program-size-0", "CI-3", {"program_size": 0}),
    ("program-size-cap", "CI-3", {"program_size": (64 << 30) + 1}),
)
# The member in its place, which may be left out.
ENDINGS = (("on-expiry-finish", "CV-2", "finish"), ("on-expiry-other", "CI-3", "explode"))
ACCEPTED = (
    ("on-expiry-warn", "CI-3", {"on_expiry": "warn"}),
    ("on-expiry-terminate", "CI-3", {"on_expiry": "terminate"}),
    ("purchase", "CI-3", {"kind": "purchase", "ends_at": None, "expiration": {"kind": "hard"}}),
    ("grace-longest", "CI-3", {"expiration": _soft(36525 * 86400)}),
    ("escapes", "CV-2", {"name": '"\\/\U0001f600\u0308'}),
    ("largest-integers", "CV-2", {"limits": {"running": 2**53 - 1}, "head_number": 2**53 - 1}),
    ("build-metadata", "ID-2", {"release": "1.2.3-rc.1+build.7"}),
)


def write(writer) -> None:
    """Writes them all."""
    for name, rule, changes in ACCEPTED:
        made = writer.transmission("leading")
        made.changes = changes
        writer.accepted(f"control-{name}", rule, made)
    for name, edit in SPELLINGS:
        writer.broken(f"control-{name}", "malformed", "CV-2", payload=edit)
    for name, rule, changes in VALUES:
        edit = lambda c, changes=changes: c | changes
        writer.broken(f"control-{name}", "malformed", rule, control=edit)
    for name, rule, ending in ENDINGS:
        edit = lambda c, ending=ending: _with_ending(c, ending)
        writer.broken(f"control-{name}", "malformed", rule, control=edit)
    reverse = lambda c: {name: c[name] for name in reversed(c)}
    writer.broken("control-order", "malformed", "CV-2", control=reverse)
    for version in (0, 2):
        edit = lambda c, version=version: c | {"format": version}
        writer.broken(f"control-format-{version}", "format-too-new", "CV-13", control=edit)
    _write_disagreements(writer)
    _write_documents(writer)
    _write_licensees(writer)


def _with_ending(control: dict, ending: str) -> dict:
    members = list(control.items())
    place = list(control).index("limits") + 1
    return dict([*members[:place], ("on_expiry", ending), *members[place:]])


def _write_disagreements(writer) -> None:
    lengths = writer.transmission("leading").release.lengths()
    for name, layout, changes in (
        ("builder-key", "leading", {"builder_key_id": ZERO}),
        ("commitment", "leading", {"file_key_commitment": ZERO}),
        ("layout", "dispersed", {"layout": "leading"}),
        ("sections", "leading", {"sections": lengths | {"relicensing": 5}}),
        ("program-size", "leading", {"program_size": 63}),
        ("program-digest", "dispersed", {"program_digest": ZERO}),
        ("terms-digest", "leading", {"terms_digest": ZERO}),
    ):
        edit = lambda c, changes=changes: c | changes
        writer.broken(f"mismatch-{name}", "control-mismatch", "CI-6", layout, control=edit)
    made, other = (writer.transmission("leading") for _ in range(2))
    made.sealed_control = other.sealed_control
    writer.refused("mismatch-of-another-file", "control-mismatch", "CI-6", made.file())


def _write_documents(writer) -> None:
    server, stranger = writer.server, writer.stranger

    def header(**changes) -> bytes:
        return enc.jsn({"alg": "PS256", "kid": server.id, "typ": "trybuy-control"} | changes)

    def signed(payload, **changes) -> bytes:
        return server.sign("", payload, header(**changes))

    payload = writer.transmission("leading").payload()
    for name, expect, rule, edit in (
        ("alg-none", "malformed", "CI-2", lambda _: signed(payload, alg="none")),
        ("alg-rs256", "malformed", "CI-2", lambda _: signed(payload, alg="RS256")),
        ("kid-short", "malformed", "CI-2", lambda _: signed(payload, kid=server.id[1:])),
        ("type", "malformed", "CI-2", lambda _: signed(payload, typ="trybuy-builder-license")),
        ("header-spaced", "malformed", "CI-1",
         lambda _: server.sign("", payload, header().replace(b":", b": "))),
        ("newline", "malformed", "CI-1", lambda d: d + b"\n"),
        ("four-parts", "malformed", "CI-1", lambda d: d + b".AAAA"),
        ("two-parts", "malformed", "CI-1", lambda d: d[: d.rindex(b".")]),
        ("signature-383", "malformed", "CI-1", lambda d: d[:-4]),
        ("foreign-key", "wrong-key", "CI-2", lambda _: stranger.sign("trybuy-control", payload)),
        ("forged", "file-damaged", "CI-2",
         lambda _: stranger.sign("trybuy-control", payload, header())),
        ("salt-length", "file-damaged", "CV-7",
         lambda _: server.sign("trybuy-control", payload, salt=20)),
    ):
        writer.broken(f"document-{name}", expect, rule, document=edit)


def _write_licensees(writer) -> None:
    file = writer.transmission("leading").file()
    writer.refused("licensee-other", "licensee-mismatch", "CI-6", file, license="other-licensee")
    writer.refused("licensee-secret", "licensee-mismatch", "CI-5", file, license="other-secret")
    writer.broken("licensee-sealed-short", "licensee-mismatch", "CI-5",
                  sealed_control=lambda s: s[:47])
    writer.broken("licensee-sealed-flipped", "licensee-mismatch", "CI-5",
                  sealed_control=lambda s: bytes([s[0] ^ 1]) + s[1:])
    writer.refused("license-for-file-newer", "format-too-new", "VE-7", file, license="newer")

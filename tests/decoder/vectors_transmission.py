"""Vectors of envelope, transmission format, client storage and program section."""

import encoder as enc

LAYOUTS = ("leading", "dispersed")
EMPTY_FRAME = bytes.fromhex("28b52ffd2000010000")


def spliced(data: bytes, at: int, new: bytes) -> bytes:
    """The data with `new` written over it from `at` on."""
    return data[:at] + new + data[at + len(new) :]


def write(writer) -> None:
    """Writes them all."""
    _write_accepted(writer)
    _write_headers(writer)
    _write_preambles(writer)
    _write_areas(writer)
    _write_bodies(writer)
    _write_stored(writer)
    _write_texts(writer)
    _write_blocks(writer)


def _write_accepted(writer) -> None:
    for layout in LAYOUTS:
        writer.accepted(layout, "TF-6 or TF-9", writer.transmission(layout))
        least = enc.Release(b"p", documentation=b"", terms=b"T", relicensing=b"")
        writer.accepted(f"{layout}-least", "TF-1", writer.transmission(layout, least))
        blocks = enc.Release(bytes(enc.BLOCK) + b"the second block")
        writer.accepted(f"{layout}-two-blocks", "SF-4", writer.transmission(layout, blocks))
    second = writer.transmission("leading")
    writer.accepted("second-licensee", "CI-6", second, license="second-licensee")


def _write_headers(writer) -> None:
    file = writer.transmission("leading").file()
    for name, expect, rule, at, new in (
        ("magic", "malformed", "header", 7, b"s"),
        ("version-0", "format-too-new", "CV-13", 8, b"\0"),
        ("version-2", "format-too-new", "EN-3", 8, b"\x02"),
        ("algorithm-2", "format-too-new", "EN-3", 9, b"\x02"),
        ("kind-2", "format-too-new", "EN-3", 10, b"\0\x02"),
        ("kind-256", "format-too-new", "EN-3", 10, b"\x01\0"),
        ("wrapped-length-383", "malformed", "EN-3", 44, b"\x01\x7f"),
        ("wrapped-length-385", "malformed", "EN-3", 44, b"\x01\x81"),
        ("key-id", "wrong-key", "EN-4", 43, bytes([file[43] ^ 1])),
        ("wrapped-key", "file-damaged", "EN-1", 100, bytes([file[100] ^ 1])),
        ("tag", "file-damaged", "EN-2", 461, bytes([file[461] ^ 1])),
    ):
        writer.refused(f"header-{name}", expect, rule, spliced(file, at, new))
    for name, rule, secret, label in (
        ("file-key-31", "EN-3", 31, b"trybuy/v1/file-key"),
        ("label", "EN-1", 32, b"trybuy/v1/license-secret"),
    ):
        made = writer.transmission("leading", file_key=bytes(range(secret)))
        wrapped = writer.builder.wrap(made.file_key, label)
        header = made.header[:46] + wrapped
        made.tag = enc.mac(enc.hkdf(made.file_key, b"", b"trybuy/v1/header", 32), header)
        made.header = header + made.tag
        writer.refused(f"header-{name}", "file-damaged", rule, made.file())


def _write_preambles(writer) -> None:
    for name, rule, layout, at, new in (
        ("layout-0", "TF-1", "leading", 0, b"\0"),
        ("layout-3", "TF-1", "leading", 0, b"\x03"),
        ("reserved-1", "CV-11", "leading", 3, b"\x01"),
        ("reserved-2", "CV-11", "leading", 20, b"\x01"),
        ("area-0", "TF-1", "leading", 4, bytes(4)),
        ("area-cap", "CV-10", "leading", 4, (65537).to_bytes(4, "big")),
        ("area-pieces", "TF-1", "dispersed", 7, b"\x01"),
        ("documentation-cap", "CV-10", "leading", 8, ((4 << 20) + 1).to_bytes(4, "big")),
        ("terms-0", "TF-1", "leading", 12, bytes(4)),
        ("terms-cap", "CV-10", "leading", 12, ((1 << 20) + 1).to_bytes(4, "big")),
        ("relicensing-cap", "CV-10", "leading", 16, ((1 << 20) + 1).to_bytes(4, "big")),
        ("program-16", "TF-1", "leading", 24, (16).to_bytes(8, "big")),
        ("program-cap", "CV-10", "leading", 24, ((64 << 30) + 1).to_bytes(8, "big")),
    ):
        edit = lambda p, at=at, new=new: spliced(p, at, new)
        writer.broken(f"preamble-{name}", "malformed", rule, layout, preamble=edit)
    writer.broken("preamble-other-length", "file-damaged", "TF-11",
                  preamble=lambda p: spliced(p, 15, b"\x06"))


def _by_padding(writer) -> dict:
    """Dispersed files by the padding of their control areas: names of all lengths give most."""
    found = {}
    for more in range(12):
        made = writer.transmission("dispersed")
        made.changes = {"name": "Lumen" + "x" * more}
        found[-(8 + len(made.sealed_control()) + len(made.server.spki)) % 8] = made
    return found


def _write_areas(writer) -> None:
    for name, rule, layout, edit in (
        ("longer", "TF-2", "leading", lambda a: a + b"\0"),
        ("shorter", "TF-2", "leading", lambda a: a[:-1]),
        ("padded-by-8-more", "TF-2", "dispersed", lambda a: a + bytes(8)),
        ("key-cap", "CV-10", "leading",
         lambda a: a[:-426] + (1025).to_bytes(4, "big") + a[-422:] + bytes(603)),
    ):
        writer.broken(f"area-{name}", "malformed", rule, layout, area=edit)
    by_padding = _by_padding(writer)
    most = max(by_padding)
    for name, padding in (("least", min(by_padding)), ("most", most)):
        writer.accepted(f"area-{name}-padding", "TF-2", by_padding[padding])
    made = by_padding[most]
    area = made.area()
    made.area = lambda: area[:-1] + b"\x01"
    writer.refused("area-padding-not-zero", "malformed", "TF-2", made.file())
    made = writer.transmission("dispersed")
    made.server = writer.stranger
    writer.refused("area-server-key", "wrong-key", "TF-3", made.file())


def _write_bodies(writer) -> None:
    made = writer.transmission("leading")
    head, _ = made.build()
    plain, key = made.plain_body(b""), made.derive("body", salted=False)
    last = enc.seal(key, bytes(12), plain)
    writer.refused("body-not-the-last-chunk", "file-damaged", "EN-8", head + last)
    salted = enc.seal(made.derive("body"), bytes(11) + b"\x01", plain)
    writer.refused("body-key", "file-damaged", "TF-7", head + salted)
    first, second = (writer.transmission("dispersed", file_key=bytes(32)) for _ in range(2))
    mixed = first.build()[0] + b"".join(second.build()[1])
    writer.refused("body-of-another-head", "file-damaged", "TF-10", mixed)


def _write_stored(writer) -> None:
    made = writer.transmission("leading")
    copy, file = made.payload(), made.file()
    given = {"builder_key": "builder", "server_key": "server", "license": "license"}
    stored = enc.stored_file(copy, file)
    writer.write("stored", "client-storage", "accept", "CS-2",
                 given | {"file": enc.b64(stored)}, made.result())
    for name, expect, rule, data in (
        ("magic", "malformed", "client storage", spliced(stored, 7, b"t")),
        ("version-2", "format-too-new", "CV-13", spliced(stored, 8, b"\x02")),
        ("reserved", "malformed", "CV-11", spliced(stored, 11, b"\x01")),
        ("copy-1", "malformed", "CS-1", enc.stored_file(b"{", file)),
        ("copy-cap", "malformed", "CV-10", enc.stored_file(copy + b" " * 8192, file)),
        ("copy-not-json", "malformed", "CS-1", enc.stored_file(copy[:-1], file)),
        ("copy-spaced", "malformed", "CV-2", enc.stored_file(copy + b" ", file)),
        ("copy-newer", "format-too-new", "CV-13",
         enc.stored_file(copy.replace(b'"format":1', b'"format":2'), file)),
        ("copy-edited", "control-mismatch", "CS-2",
         enc.stored_file(copy.replace(b"2026-12-22", b"2036-12-22"), file)),
        ("cut-in-head", "file-damaged", "client storage", stored[:15]),
        ("cut-in-copy", "file-damaged", "client storage", stored[: 15 + len(copy)]),
        ("cut", "file-damaged", "TF-11", stored[:-1]),
    ):
        writer.write(f"stored-{name}", "client-storage", expect, rule,
                     given | {"file": enc.b64(data)})


def _write_texts(writer) -> None:
    for name in ("documentation", "terms", "relicensing"):
        release = enc.Release(b"p", **{name: b"\xc3"})
        file = writer.transmission("leading", release).file()
        writer.refused(f"text-{name}", "malformed", "SF-3", file)
        data = release.server_file(writer.server)
        writer.write(f"server-text-{name}", "server", "malformed", "SF-3", {"file": enc.b64(data)})


def _write_blocks(writer) -> None:
    program = b"program " * 8
    frame = enc.Release.store(program)[1]
    repeated = lambda header: enc.repeated_block(b"x", 64, header)
    skippable = bytes.fromhex("502a4d1800000000")
    for name, expect, rule, data, stored in (
        ("window-8-mib", "accept", "SF-4", b"x" * 64, repeated(b"\0\x68")),
        ("window-9-mib", "malformed", "SF-4", b"x" * 64, repeated(b"\0\x69")),
        ("dictionary", "malformed", "SF-4", b"x" * 64, repeated(b"\x01\0\x07")),
        ("content-size", "malformed", "SF-7", b"x" * 64, repeated(b"\x20\x41")),
        ("two-frames", "malformed", "SF-4", program, frame + frame),
        ("second-frame-empty", "malformed", "SF-4", program, frame + EMPTY_FRAME),
        ("skippable-before", "malformed", "SF-4", program, skippable + frame),
        ("skippable-after", "malformed", "SF-4", program, frame + skippable),
        ("longer-content", "malformed", "SF-7", program, enc.Release.store(program + b"m")[1]),
        ("shorter-content", "malformed", "SF-7", program, enc.Release.store(program[:-1])[1]),
        ("frame-cut", "malformed", "SF-4", program, frame[:-1]),
        ("no-frame", "malformed", "SF-4", program, b"?" + frame[1:]),
        ("plain-too-short", "malformed", "SF-6", program, (True, program[:-1])),
        ("frame-not-shorter", "malformed", "SF-6", program, (False, program)),
    ):
        release = enc.Release(data)
        release.stored = [stored if isinstance(stored, tuple) else (False, stored)]
        _write_release(writer, f"block-{name}", expect, rule, release)
    for name, rule, size, count in (
        ("size-0", "SF-6", 0, 1), ("size-cap", "SF-6", (64 << 30) + 1, 1),
        ("one-block-more", "SF-6", enc.BLOCK + 1, 1), ("count-2", "SF-6", 64, 2),
    ):
        release = enc.Release(program)
        section = release.section()[:-12] + size.to_bytes(8, "big") + count.to_bytes(4, "big")
        release.section = lambda section=section: section
        _write_release(writer, f"table-{name}", "malformed", rule, release)


def _write_release(writer, name, expect, rule, release) -> None:
    """In the server format if it is refused: there the file is smallest; otherwise in both."""
    file = release.server_file(writer.server)
    result = None
    if expect == "accept":
        result = {"manifest": release.manifest(writer.server), **release.digests()}
        writer.accepted(name, rule, writer.transmission("dispersed", release))
    writer.write(f"server-{name}", "server", expect, rule, {"file": enc.b64(file)}, result)

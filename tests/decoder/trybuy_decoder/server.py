"""The server format (SF-1 to SF-7)."""

from .documents import (
    application_id, array, base64_of, digest, integer, line, matching, name, one_of, or_null,
    parse_table, platform, record, semantic_version, text,
)
from .failures import FileDamaged, FormatTooNew, Malformed
from .primitives import PublicKey, from_base64
from .program import PROGRAM_SIZE_CAP, decode_program
from .sections import NAMES, Source, StoredSections, check_sections, text_digest

MANIFEST_CAP = 65536
HEAD = 16


def _homepage(value) -> None:
    text(1, 300)(value)
    matching(r"https?://[!-.0-~][!-~]*", "an http or https address")(value)


check_manifest = record({
    "format": integer(1),
    "application": application_id,
    "name": name,
    "version": semantic_version,
    "summary": line(0, 200),
    "homepage": or_null(_homepage),
    "categories": array(line(1, 40), 0, 8),
    "platform": platform,
    "kind": one_of("native"),
    "minimum_builder": or_null(semantic_version),
    "server_public_key": base64_of(None),
    "sections": check_sections,
    "documentation_digest": digest,
    "terms_digest": digest,
    "relicensing_digest": digest,
    "program_size": integer(1, PROGRAM_SIZE_CAP),
    "program_digest": digest,
})


def _manifest(source: Source) -> tuple:
    head = source.read(0, HEAD, "its head")
    if head[:8] != b"trybuy-s":
        raise Malformed("not a file in the server format")
    if head[8] != 1:
        raise FormatTooNew(f"version {head[8]} of the server format is not known")
    length = int.from_bytes(head[12:], "big")
    if any(head[9:12]) or length > MANIFEST_CAP:
        raise Malformed("the head is wrong")
    manifest = parse_table(source.read(HEAD, length, "its manifest"), check_manifest)
    PublicKey(from_base64(manifest["server_public_key"]))
    return manifest, HEAD + length


def read_server_file(file, sink=lambda block: None) -> dict:
    """Reads a server file, decodes its program into `sink` and checks every digest."""
    source = Source(file)
    manifest, offset = _manifest(source)
    if source.length != offset + sum(manifest["sections"].values()):
        raise FileDamaged("the file has another length than its manifest says")
    sections = StoredSections(source, offset, manifest["sections"])
    result = {"manifest": manifest}
    for name in NAMES[:3]:
        result[f"{name}_digest"] = text_digest(sections, name)
    result |= decode_program(sections, sink)
    if result["program_size"] != manifest["program_size"]:
        raise Malformed("the manifest has another program size")
    for name in NAMES:
        if result[f"{name}_digest"] != manifest[f"{name}_digest"]:
            raise FileDamaged(f"the digest of the {name} is wrong")
    return result

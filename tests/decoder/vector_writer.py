#!/usr/bin/env python3
"""Writes a directory of test vectors (docs/formats/vectors.md) with the independent encoder.

The Rust crates write what a server writes and what becomes of it; this set holds what no server
would write: intact files that break one rule.
"""

import json
import sys
from pathlib import Path

import encoder as enc
import vectors_certificates
import vectors_chains
import vectors_control
import vectors_decisions
import vectors_documents
import vectors_identities
import vectors_licenses
import vectors_licensing
import vectors_packs
import vectors_transmission

NAMED = {"builder_key": "builder", "server_key": "server", "license": "license"}
SECRET = bytes(range(32))


class Writer:
    """The parties of a set of vectors, and the directory it is written to."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.server, self.builder = enc.Key(), enc.Key()
        self.stranger = enc.Key()
        self.secret = SECRET
        self.licenses = {
            "license": self.license(),
            "other-licensee": self.license(licensee_ids=[enc.TRIAL]),
            "second-licensee": self.license(licensee_ids=[enc.TRIAL, enc.LICENSEE]),
            "other-secret": enc.make_license(self.server, self.builder, bytes(32)),
            "newer": self.license(format=2),
        }

    def license(self, **changes) -> bytes:
        """A Builder license of the parties."""
        return enc.make_license(self.server, self.builder, self.secret, **changes)

    def write(self, name: str, form: str, expect: str, comment: str, given: dict, result=None):
        """Writes one vector."""
        vector = {
            "name": name, "format": form, "expect": expect, "comment": comment, "input": given,
        }
        if expect == "accept":
            vector["result"] = result
        self._json(name, vector)

    def _json(self, name: str, value) -> None:
        path = self.directory / f"{name}.json"
        if path.exists():
            raise ValueError(f"two vectors are named {name}")
        text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
        path.write_text(text, encoding="utf-8")

    def write_keys(self) -> None:
        """Writes keys.json."""
        self._json("keys", {
            "builder_keys": {
                "builder": enc.b64(self.builder.pkcs8), "stranger": enc.b64(self.stranger.pkcs8),
            },
            "server_keys": {
                "server": enc.b64(self.server.spki), "stranger": enc.b64(self.stranger.spki),
            },
            "licenses": {name: text.decode() for name, text in self.licenses.items()},
        })

    def transmission(self, layout: str, release=None, **settings) -> enc.Transmission:
        """A transmission file in the making."""
        release = release or enc.Release(b"program " * 8)
        return enc.Transmission(
            self.server, self.builder, self.secret, release, layout, **settings
        )

    def accepted(self, name: str, comment: str, made: enc.Transmission, **named) -> None:
        """Writes a vector of an accepted transmission file."""
        given = NAMED | named | {"file": enc.b64(made.file())}
        self.write(name, "transmission", "accept", comment, given, made.result())

    def refused(self, name: str, expect: str, comment: str, file: bytes, **named) -> None:
        """Writes a vector of a refused transmission file."""
        given = NAMED | named | {"file": enc.b64(file)}
        self.write(name, "transmission", expect, comment, given)

    def broken(self, name: str, expect: str, comment: str, layout: str = "leading", **methods):
        """Writes a file whose maker's methods are replaced (each gets what the original returns)."""
        self.refused(name, expect, comment, edited(self.transmission(layout), **methods).file())


def edited(made: enc.Transmission, **methods) -> enc.Transmission:
    """Lets `methods` change what the maker's methods of those names return."""
    for name, change in methods.items():
        original = getattr(made, name)
        setattr(made, name, lambda *a, c=change, o=original: c(o(*a)))
    return made


def write_vectors(directory: Path) -> None:
    """Writes the whole set into an empty directory that exists."""
    writer = Writer(directory)
    writer.write_keys()
    for part in (
        vectors_transmission, vectors_control, vectors_documents, vectors_decisions,
        vectors_certificates, vectors_chains, vectors_licenses, vectors_licensing,
        vectors_packs, vectors_identities,
    ):
        part.write(writer)


if __name__ == "__main__":
    write_vectors(Path(sys.argv[1]))

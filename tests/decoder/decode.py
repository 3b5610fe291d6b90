#!/usr/bin/env python3
"""Decodes a file of trybuy's formats and prints what it holds as JSON.

Exit status: 0, or 1 with {"failure": CLASS, "message": …} for what is refused, or 2 for wrong
usage and files that cannot be read.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path

from trybuy_decoder import (
    BuilderKey, PublicKey, Refusal, open_license, open_stored, open_transmission,
    read_server_file,
)
from trybuy_decoder.vectors import run_vectors


@contextlib.contextmanager
def program_sink(path):
    """Yields a sink; the program gets its name only once all of it was decoded and verified."""
    if path is None:
        yield lambda block: None
        return
    with tempfile.NamedTemporaryFile(dir=Path(path).absolute().parent, delete=False) as out:
        try:
            yield out.write
            out.flush()
            os.replace(out.name, path)
        except BaseException:
            os.unlink(out.name)
            raise


def _opened(arguments, opener):
    builder = BuilderKey(Path(arguments.builder_key).read_bytes())
    server = PublicKey(Path(arguments.server_key).read_bytes())
    license = open_license(Path(arguments.license).read_bytes(), server, builder)
    with open(arguments.file, "rb") as file, program_sink(arguments.program) as sink:
        return opener(file, builder, server, license).read(sink)


def _server(arguments):
    with open(arguments.file, "rb") as file, program_sink(arguments.program) as sink:
        return read_server_file(file, sink)


def _vectors(arguments):
    found = run_vectors(Path(arguments.directory))
    return {"failure": "vectors-differ", **found} if found["differences"] else found


def _parser():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    openers = {"transmission": open_transmission, "stored": open_stored}
    for name, opener in openers.items():
        command = commands.add_parser(name)
        command.add_argument("--builder-key", required=True, help="PKCS#8 in DER")
        command.add_argument("--server-key", required=True, help="SubjectPublicKeyInfo in DER")
        command.add_argument("--license", required=True, help="Builder license, compact JWS")
        command.set_defaults(run=lambda arguments, o=opener: _opened(arguments, o))
    commands.add_parser("server").set_defaults(run=_server)
    for name in ("transmission", "stored", "server"):
        command = commands.choices[name]
        command.add_argument("file")
        command.add_argument("--program", metavar="OUT", help="write the decoded program there")
    vectors = commands.add_parser("vectors")
    vectors.add_argument("directory")
    vectors.set_defaults(run=_vectors)
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="print JSON on one line")
    return parser


def main(words=None) -> int:
    """Runs the command line and returns the exit status."""
    arguments = _parser().parse_args(words)
    try:
        result = arguments.run(arguments)
    except Refusal as refusal:
        result = {"failure": refusal.failure, "message": str(refusal)}
    except OSError as error:
        print(f"decode.py: {error}", file=sys.stderr)
        return 2
    print(json.dumps(result, ensure_ascii=False, indent=None if arguments.json else 2))
    return 1 if "failure" in result else 0


if __name__ == "__main__":
    sys.exit(main())

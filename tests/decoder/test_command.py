"""The command line, and vectors."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import decode
import encoder as enc
from test_decoder import Case, parties
from vector_writer import write_vectors


class Command(Case):
    """decode.py in a directory of its own."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)

    def run_command(self, *words):
        """Exit status and the JSON that was printed."""
        with contextlib.redirect_stdout(io.StringIO()) as out:
            status = decode.main([str(word) for word in words])
        return status, json.loads(out.getvalue())

    def write(self, name, data):
        """Writes a file and returns its path."""
        path = self.directory / name
        path.write_bytes(data)
        return path

    def keys(self):
        """The options for keys and license."""
        server, builder = parties().server, parties().builder
        license = enc.make_license(server, builder, parties().secret)
        return (
            "--builder-key", self.write("key.pk8", builder.pkcs8),
            "--server-key", self.write("key.der", server.spki),
            "--license", self.write("license.jws", license), "--json",
        )

    def test_files_are_decoded_and_their_program_written(self):
        made = parties().transmission("dispersed")
        file = made.file()
        out = self.directory / "program"
        stored = enc.stored_file(made.payload(), file)
        for name, data in (("transmission", file), ("stored", stored)):
            path = self.write("file", data)
            status, found = self.run_command(name, path, "--program", out, *self.keys())
            self.assertEqual((status, out.read_bytes()), (0, made.release.program))
            self.assertEqual(found["control"], made.control())
            out.unlink()
        path = self.write("file", made.release.server_file(parties().server))
        status, found = self.run_command("server", path, "--program", out)
        self.assertEqual((status, out.read_bytes()), (0, made.release.program))

    def test_a_refused_file_leaves_no_program(self):
        file = parties().transmission("leading").file()
        path = self.write("file", file[:-1] + bytes([file[-1] ^ 1]))
        before = {"file", "key.pk8", "key.der", "license.jws"}
        status, found = self.run_command(
            "transmission", path, "--program", self.directory / "program", *self.keys()
        )
        self.assertEqual((status, found["failure"]), (1, "file-damaged"))
        self.assertEqual({entry.name for entry in self.directory.iterdir()}, before)

    def test_all_vectors_of_the_encoder_are_met(self):
        write_vectors(self.directory)
        status, found = self.run_command("vectors", self.directory)
        self.assertEqual((status, found["differences"]), (0, []))
        self.assertEqual(found["vectors"], len(list(self.directory.iterdir())) - 1)

    def test_a_vector_with_another_expectation_is_reported(self):
        write_vectors(self.directory)
        path = self.directory / "leading.json"
        vector = json.loads(path.read_text())
        vector["result"]["program_size"] += 1
        path.write_text(json.dumps(vector))
        status, found = self.run_command("vectors", self.directory)
        self.assertEqual((status, found["failure"]), (1, "vectors-differ"))
        self.assertEqual([entry["name"] for entry in found["differences"]], ["leading"])

    def test_what_is_no_vector_is_refused(self):
        empty = {"builder_keys": {}, "server_keys": {}, "licenses": {}}
        self.write("keys.json", json.dumps(empty).encode())
        self.assertEqual(self.run_command("vectors", self.directory)[0], 1)
        self.write("other.json", b'{"name":"other"}')
        status, found = self.run_command("vectors", self.directory)
        self.assertEqual((status, found["failure"]), (1, "malformed"))


if __name__ == "__main__":
    unittest.main()

"""The server format and the blocks of a program."""

import io
import os
import unittest

import encoder as enc
import trybuy_decoder as dec
from test_decoder import Case, parties, small_release


def read(data):
    """Decodes a server file; the result and the program."""
    blocks = []
    return dec.read_server_file(io.BytesIO(data), blocks.append), b"".join(blocks)


class ServerFiles(Case):
    """The head, the manifest and the digests."""

    def test_a_server_file_comes_back(self):
        release = enc.Release(os.urandom(1048576) + bytes(300000))
        result, program = read(release.server_file(parties().server))
        self.assertEqual(program, release.program)
        self.assertEqual(result["manifest"]["sections"], release.lengths())
        self.assertEqual([plain for plain, _ in release.stored], [True, False])

    def test_a_server_file_cut_off_anywhere_or_longer_is_refused(self):
        file = small_release().server_file(parties().server)
        for length in range(len(file)):
            with self.subTest(length=length):
                self.refused("file-damaged", read, file[:length])
        self.refused("file-damaged", read, file + b"\0")

    def test_a_flipped_bit_is_refused_unless_it_is_in_a_free_text_of_the_manifest(self):
        file = small_release().server_file(parties().server)
        end = 16 + int.from_bytes(file[12:16], "big")
        for at in (*range(16), *range(end, len(file))):
            flipped = bytearray(file)
            flipped[at] ^= 1 << (at % 8)
            with self.subTest(at=at):
                self.refused(None, read, bytes(flipped))

    def test_heads_of_another_kind_or_version_are_refused(self):
        heads = {
            b"trybuy-x\x01\0\0\0": "malformed", b"trybuy-s\x02\0\0\0": "format-too-new",
            b"trybuy-s\x01\x01\0\0": "malformed",
        }
        for head, failure in heads.items():
            self.refused(failure, read, small_release().server_file(parties().server, head))
        oversized = b"trybuy-s\x01\0\0\0" + (65537).to_bytes(4, "big") + bytes(65537)
        self.refused("malformed", read, oversized)

    def test_manifests_with_wrong_members_are_refused(self):
        edits = (
            {"summary": "two\nlines"}, {"summary": "s" * 201}, {"homepage": "ftp://example.org"},
            {"homepage": "https://"}, {"homepage": "https://e/" + "x" * 300},
            {"categories": ["c"] * 9}, {"categories": [""]}, {"categories": ["c" * 41]},
            {"kind": "script"}, {"server_public_key": "AAAA"}, {"version": "1.2.3-01"},
            {"server_public_key": enc.b64(parties().server.spki + b"\0")},
            {"application": "org..lumen"}, {"application": "org.-lumen"}, {"program_size": 0},
            {"more": None}, {"categories": ["two\nlines"]}, {"homepage": "http:///x"},
            {"homepage": "https://\u00e4.example"}, {"summary": "two\u2028lines"},
        )
        for edit in edits:
            with self.subTest(edit=edit):
                file = small_release().server_file(parties().server, **edit)
                self.refused("malformed", read, file)
        newer = small_release().server_file(parties().server, format=2)
        self.refused("format-too-new", read, newer)

    def test_wrong_digests_and_sizes_are_refused(self):
        for name in ("documentation", "terms", "relicensing", "program"):
            file = small_release().server_file(parties().server, **{f"{name}_digest": "0" * 64})
            self.refused("file-damaged", read, file)
        other_size = small_release().server_file(parties().server, program_size=1)
        self.refused("malformed", read, other_size)


class Blocks(Case):
    """The program section (SF-4 to SF-7)."""

    def stored(self, *stored, size=None, section=None):
        """Expects the refusal of a release with these stored blocks."""
        release = small_release()
        release.stored = list(stored) or release.stored
        release.size = release.size if size is None else size
        if section is not None:
            release.section = lambda: section
        self.refused("malformed", read, release.server_file(parties().server))
        made = parties().transmission("dispersed", release)
        self.refused("malformed", parties().read, made.file())

    def test_tables_that_do_not_fit_are_refused(self):
        program, (_, frame) = small_release().program, small_release().stored[0]
        self.stored((True, program[:-1]))
        self.stored((True, program + b"x"))
        self.stored((False, b""))
        self.stored((False, bytes(len(program))))
        self.stored((False, frame), (False, frame))
        for size in (0, 1048577, (64 << 30) + 1, 2**64 - 1):
            self.stored(size=size)
        section = small_release().section()
        for wrong in (b"x", section[:11], b"x" + section, section[-16:], section[-15:]):
            self.stored(section=wrong)

    def test_frames_that_do_not_decode_to_exactly_their_block_are_refused(self):
        program, store = small_release().program, enc.Release.store
        frame = store(program)[1]
        for known in (True, False):
            for other in (program + b"x", program[:-1], b"", bytes(1 << 24)):
                self.stored(store(other, write_content_size=known))
        skippable = bytes.fromhex("502a4d1800000000")
        for wrong in (
            frame[:-1], frame + b"\0", frame + frame, skippable + frame, frame + skippable,
            frame[:4], frame[:5], b"\0" + frame[1:], skippable,
        ):
            with self.subTest(wrong=wrong):
                self.stored((False, wrong))

    def test_a_frame_that_asks_for_much_room_gets_none(self):
        asks = bytes.fromhex("28b52ffd") + b"\xc0\x58" + (1 << 46).to_bytes(8, "little")
        self.stored((False, asks + b"\x01\0\0"))

    def test_frames_with_a_window_beyond_8_mib_or_a_dictionary_are_refused(self):
        for header, accepted in ((b"\0\x68", True), (b"\0\x69", False), (b"\x01\0\x07", False)):
            release = enc.Release(b"x" * 320)
            release.stored = [(False, enc.repeated_block(b"x", 320, header))]
            file = release.server_file(parties().server)
            if accepted:
                self.assertEqual(read(file)[1], release.program)
            else:
                self.refused("malformed", read, file)

    def test_frames_with_and_without_their_length_and_checksum_are_read(self):
        for known in (True, False):
            for checksum in (True, False):
                release = small_release()
                release.stored = [enc.Release.store(
                    release.program, write_content_size=known, write_checksum=checksum
                )]
                self.assertEqual(read(release.server_file(parties().server))[1], release.program)


if __name__ == "__main__":
    unittest.main()

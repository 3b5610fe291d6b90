"""Transmission and client storage: what is accepted, and that nothing else is."""

import functools
import io
import os
import unittest

import encoder as enc
import trybuy_decoder as dec

LAYOUTS = ("leading", "dispersed")
FLIPPED_HEAD = dict.fromkeys(range(8, 12), "format-too-new")


class Parties:
    """A server, a Builder with its license, and their counterparts of another installation."""

    def __init__(self):
        self.server, self.builder = enc.Key(), enc.Key()
        self.other_server, self.other_builder = enc.Key(), enc.Key()
        self.secret = os.urandom(32)
        self.server_key = dec.PublicKey(self.server.spki)
        self.builder_key = dec.BuilderKey(self.builder.pkcs8)
        self.license = self.licensed()

    def licensed(self, secret=None, **changes):
        """A verified license, by default the one with the parties' secret."""
        document = enc.make_license(self.server, self.builder, secret or self.secret, **changes)
        return dec.open_license(document, self.server_key, self.builder_key)

    def transmission(self, layout, release=None, **settings):
        """A transmission file in the making."""
        release = release or small_release()
        return enc.Transmission(self.server, self.builder, self.secret, release, layout, **settings)

    def read(self, data, opener=dec.open_transmission, license=None):
        """Decodes a file; the program and the result."""
        blocks = []
        opened = opener(
            io.BytesIO(data), self.builder_key, self.server_key, license or self.license
        )
        return opened.read(blocks.append), b"".join(blocks)


@functools.cache
def parties() -> Parties:
    """The parties of all tests, made once."""
    return Parties()


def small_release():
    """A release of a few hundred bytes."""
    return enc.Release(b"program " * 40)


class Case(unittest.TestCase):
    """A test that expects refusals of a class."""

    def refused(self, failure, function, *arguments, **settings):
        """Calls the function and checks the class of its refusal."""
        with self.assertRaises(dec.Refusal) as caught:
            function(*arguments, **settings)
        if failure:
            self.assertEqual(caught.exception.failure, failure, str(caught.exception))
        return caught.exception.failure


class RoundTrips(Case):
    """What an encoder writes by the rules is read back."""

    def check(self, release, layout):
        """Encodes, decodes and compares."""
        file = parties().transmission(layout, release).file()
        result, program = parties().read(file)
        self.assertEqual(program, release.program)
        for name, text in zip(("documentation", "terms", "relicensing"), release.texts):
            self.assertEqual(result[f"{name}_digest"], enc.sha(text))

    def test_programs_of_every_size_class_come_back(self):
        sizes = (1, 65535, 65536, 65537, 1048575, 1048576, 1048577, 2500000)
        for layout in LAYOUTS:
            for size in sizes:
                with self.subTest(layout=layout, size=size):
                    self.check(enc.Release(os.urandom(size // 2) + bytes(size - size // 2)), layout)

    def test_bodies_that_end_with_a_full_chunk_come_back(self):
        for layout in LAYOUTS:
            made = parties().transmission(layout)
            length = len(made.plain_body(made.area()))
            release = small_release()
            release.texts[0] += bytes(2 * 65536 - length)
            self.check(release, layout)
            made.release = release
            self.assertEqual(len(made.plain_body(made.area())), 2 * 65536)

    def test_sections_that_may_be_empty_may_be_empty(self):
        for layout in LAYOUTS:
            self.check(enc.Release(b"p", documentation=b"", relicensing=b""), layout)

    def test_pieces_come_back_wherever_they_stand(self):
        kinds = set()
        for _ in range(60):
            made = parties().transmission("dispersed", enc.Release(b"p"))
            places = made.offsets()
            kinds.add("same place" if len(set(places)) < 8 else "apart")
            kinds |= {"begin"} if places[0] == 0 else set()
            kinds |= {"end"} if places[-1] == len(made.release.section()) else set()
            self.assertEqual(parties().read(made.file())[1], b"p")
        self.assertLessEqual({"same place", "begin", "end"}, kinds)

    def test_a_new_head_opens_the_same_leading_body(self):
        key = os.urandom(32)
        first, second = (parties().transmission("leading", file_key=key) for _ in range(2))
        head, body = first.build()[0], second.build()[1]
        self.assertEqual(parties().read(head + b"".join(body))[1], first.release.program)

    def test_a_stored_file_comes_back(self):
        for layout in LAYOUTS:
            made = parties().transmission(layout)
            file = enc.stored_file(made.payload(), made.file())
            result, program = parties().read(file, dec.open_stored)
            self.assertEqual(program, made.release.program)
            self.assertEqual(result["control"], made.control())


class Damage(Case):
    """No byte of a file can be missing, added or another one."""

    def test_a_file_cut_off_anywhere_is_refused(self):
        for layout in LAYOUTS:
            file = parties().transmission(layout).file()
            for length in range(len(file)):
                with self.subTest(layout=layout, length=length):
                    self.refused("file-damaged", parties().read, file[:length])

    def test_a_file_with_more_bytes_is_refused(self):
        for layout in LAYOUTS:
            file = parties().transmission(layout).file()
            for extra in (1, 16, 65536 + 16):
                self.refused("file-damaged", parties().read, file + bytes(extra))

    def test_a_flipped_bit_in_any_byte_is_refused(self):
        for layout in LAYOUTS:
            file = parties().transmission(layout).file()
            for at in range(len(file)):
                flipped = bytearray(file)
                flipped[at] ^= 1 << (at % 8)
                wanted = "malformed" if at < 8 or at in (44, 45) else FLIPPED_HEAD.get(
                    at, "wrong-key" if 12 <= at < 44 else "file-damaged"
                )
                with self.subTest(layout=layout, at=at):
                    self.refused(wanted, parties().read, bytes(flipped))

    def test_a_flipped_bit_or_cut_in_a_stored_file_is_refused(self):
        made = parties().transmission("leading")
        copy = made.payload()
        file = enc.stored_file(copy, made.file())
        for at in range(16 + len(copy)):
            flipped = bytearray(file)
            flipped[at] ^= 1 << (at % 8)
            with self.subTest(at=at):
                found = self.refused(None, parties().read, bytes(flipped), dec.open_stored)
                classes = {"malformed", "control-mismatch", "format-too-new", "file-damaged"}
                self.assertIn(found, classes)
                self.refused("file-damaged", parties().read, file[:at], dec.open_stored)

    def test_chunks_in_another_order_or_of_another_file_are_refused(self):
        release = enc.Release(os.urandom(4 * 65536))
        for layout in LAYOUTS:
            head, chunks = parties().transmission(layout, release).build()
            foreign = parties().transmission(layout, release).build()[1]
            orders = (
                [chunks[1], chunks[0], *chunks[2:]], [chunks[0], chunks[0], *chunks[2:]],
                [foreign[0], *chunks[1:]], [*chunks[:-1], foreign[-1]],
            )
            for order in orders:
                self.refused("file-damaged", parties().read, head + b"".join(order))

    def test_a_body_whose_last_chunk_lacks_its_flag_is_refused(self):
        made = parties().transmission("leading")
        head, _ = made.build()
        plain, key = made.plain_body(b""), made.derive("body", salted=False)
        self.refused(
            "file-damaged", parties().read, head + enc.seal(key, bytes(12), plain)
        )

    def test_a_dispersed_body_under_another_head_is_refused(self):
        key = os.urandom(32)
        first, second = (parties().transmission("dispersed", file_key=key) for _ in range(2))
        mixed = first.build()[0] + b"".join(second.build()[1])
        self.refused("file-damaged", parties().read, mixed)


class Identity(Case):
    """Files for others, and control information that disagrees with its file."""

    def test_a_file_for_another_builder_is_told_from_a_damaged_one(self):
        made = enc.Transmission(
            parties().server, parties().other_builder, parties().secret, small_release(), "leading"
        )
        self.refused("wrong-key", parties().read, made.file())

    def test_another_servers_public_key_is_refused(self):
        for layout in LAYOUTS:
            made = parties().transmission(layout)
            made.server = parties().other_server
            self.refused("wrong-key", parties().read, made.file())

    def test_control_information_signed_by_another_server_is_refused(self):
        made = parties().transmission("leading")
        made.document = lambda: parties().other_server.sign("trybuy-control", made.payload())
        self.refused("wrong-key", parties().read, made.file())
        header = enc.jsn(
            {"alg": "PS256", "kid": parties().server.id, "typ": "trybuy-control"}
        )
        forged = parties().other_server.sign("trybuy-control", made.payload(), header)
        made.document = lambda: forged
        self.refused("file-damaged", parties().read, made.file())

    def test_another_license_secret_does_not_open_the_control_information(self):
        file = parties().transmission("leading").file()
        other = parties().licensed(os.urandom(32))
        self.refused("licensee-mismatch", parties().read, file, license=other)

    def test_another_licensee_is_refused_and_any_of_the_licenses_is_not(self):
        file = parties().transmission("dispersed").file()
        stranger = parties().licensed(licensee_ids=[enc.TRIAL])
        self.refused("licensee-mismatch", parties().read, file, license=stranger)
        parties().read(file, license=parties().licensed(licensee_ids=[enc.TRIAL, enc.LICENSEE]))

    def test_control_information_that_disagrees_with_its_file_is_refused(self):
        zero = "0" * 64
        lengths = small_release().lengths()
        changes = (
            {"builder_key_id": zero}, {"file_key_commitment": zero}, {"layout": "dispersed"},
            {"sections": lengths | {"terms": 6}}, {"program_size": 1}, {"program_digest": zero},
            {"terms_digest": zero},
        )
        for change in changes:
            made = parties().transmission("leading")
            made.changes = change
            with self.subTest(change=change):
                self.refused("control-mismatch", parties().read, made.file())

    def test_control_information_of_another_file_is_refused(self):
        made, other = (parties().transmission("leading") for _ in range(2))
        made.sealed_control = other.sealed_control
        self.refused("control-mismatch", parties().read, made.file())

    def test_a_clear_copy_that_was_edited_is_refused(self):
        made = parties().transmission("leading")
        copy = made.payload().replace(b"2026-12-22", b"2036-12-22")
        file = enc.stored_file(copy, made.file())
        self.refused("control-mismatch", parties().read, file, dec.open_stored)
        copy = made.payload().replace(b"2026-12-22", b"2026-13-22")
        file = enc.stored_file(copy, made.file())
        self.refused("malformed", parties().read, file, dec.open_stored)


class Forms(Case):
    """Rules about form that hold although every tag is right."""

    def broken(self, failure, layout="leading", **methods):
        """Builds a file with replaced methods (each gets the maker) and expects a refusal."""
        made = parties().transmission(layout)
        for name, method in methods.items():
            original = getattr(made, name)
            setattr(made, name, lambda *a, m=method, o=original: m(o(*a)))
        self.refused(failure, parties().read, made.file())

    def test_preambles_with_wrong_fields_are_refused(self):
        edits = (
            (0, b"\0"), (0, b"\x03"), (1, b"\x01"), (3, b"\x01"), (20, b"\x01"), (23, b"\x01"),
            (4, (65537).to_bytes(4, "big")), (8, ((4 << 20) + 1).to_bytes(4, "big")),
            (4, bytes(4)), (24, (16).to_bytes(8, "big")),
            (12, bytes(4)), (12, ((1 << 20) + 1).to_bytes(4, "big")), (24, bytes(8)),
            (16, ((1 << 20) + 1).to_bytes(4, "big")), (24, ((64 << 30) + 1).to_bytes(8, "big")),
        )
        for at, new in edits:
            with self.subTest(at=at, new=new):
                edit = lambda p, at=at, new=new: p[:at] + new + p[at + len(new) :]
                self.broken("malformed", preamble=edit)

    def test_a_preamble_with_other_lengths_is_a_file_of_another_length(self):
        self.broken("file-damaged", preamble=lambda p: p[:15] + b"\x06" + p[16:])

    def test_control_areas_that_do_not_end_where_they_must_are_refused(self):
        self.broken("malformed", area=lambda a: a + b"\0")
        self.broken("malformed", area=lambda a: a[:-1])
        self.broken("malformed", area=lambda a: b"\xff" + a[1:])
        self.broken("malformed", area=lambda a: b"")
        self.broken("malformed", "dispersed", area=lambda a: a + bytes(8))
        self.broken("malformed", "dispersed", area=lambda a: b"")

    def test_padding_that_is_not_zero_is_refused(self):
        made = parties().transmission("dispersed")
        while not (padding := -(len(made.sealed_control()) + len(made.server.spki)) % 8):
            made.changes = {"name": made.control()["name"] + "x"}
        area = made.area()
        self.assertEqual(area[-padding:], bytes(padding))
        made.area = lambda: area[:-1] + b"\x01"
        self.refused("malformed", parties().read, made.file())

    def test_a_header_of_another_version_algorithm_or_kind_is_too_new(self):
        for at in (8, 9, 10, 11):
            made = parties().transmission("leading")
            fixed = bytearray(b"trybuy-t\x01\x01\0\x01")
            fixed[at] += 1
            header = made.make_header(bytes(fixed))
            tag = enc.mac(enc.hkdf(made.file_key, b"", b"trybuy/v1/header", 32), header)
            made.header, made.tag = header + tag, tag
            self.refused("format-too-new", parties().read, made.file())

    def test_control_information_with_wrong_members_is_refused(self):
        for version in (0, 2):
            self.broken("format-too-new", control=lambda c, v=version: c | {"format": v})
        self.broken("format-too-new", control=lambda c: c | {"format": 2, "more": 1})
        edits = (
            {"more": 1}, {"format": True}, {"format": "1"}, {"application": "lumen"},
            {"name": ""}, {"name": "n" * 101}, {"release": "1.2"}, {"platform": "linux"},
            {"licensee_id": enc.LICENSEE.upper()}, {"kind": "gift"}, {"head_number": 0},
            {"ends_at": None}, {"name": " n"}, {"name": "n\u2028"}, {"head_number": 2**53},
            {"expiration": {"kind": "soft", "from": "expiration", "grace": 0}},
            {"expiration": {"kind": "soft", "from": "expiration", "grace": 36525 * 86400 + 1}},
            {"issued_at": "2026-12-01T00:00:00+00:00"}, {"ends_at": "2026-02-30T00:00:00Z"},
            {"expiration": {"kind": "hard", "grace": 1}}, {"expiration": {"kind": "soft"}},
            {"expiration": {"kind": "soft", "from": "start", "grace": 1}},
            {"limits": {"launches": 0}}, {"limits": {"hours": 1}}, {"limits": []},
            {"minimum_builder": "01.0.0"}, {"file_key_commitment": "F" * 64},
            {"program_size": 0}, {"program_digest": "0" * 63}, {"sections": {}},
        )
        for edit in edits:
            with self.subTest(edit=edit):
                self.broken("malformed", control=lambda c, e=edit: c | e)
        self.broken("malformed", control=lambda c: {n: c[n] for n in list(c)[:-1]})

    def test_control_information_with_its_members_in_another_order_is_refused(self):
        self.broken("malformed", control=lambda c: {n: c[n] for n in reversed(c)})
        days_first = {"limits": {"days": 1, "launches": 1}}
        self.broken("malformed", control=lambda c: c | days_first)

    def test_control_information_in_another_spelling_is_refused(self):
        spellings = (
            lambda p: p + b" ", lambda p: p.replace(b":", b": ", 1), lambda p: b"\xef\xbb\xbf" + p,
            lambda p: p.replace(b"Lumen", b"Lume\\u006e"), lambda p: p.replace(b"Lumen", b"\xff"),
            lambda p: p.replace(b'"format":1', b'"format":1,"format":1'),
            lambda p: p.replace(b'"format":1', b'"format":1.0'), lambda p: p[:-1], lambda p: b"",
            lambda p: b"[" * 4000, lambda p: p.replace(b"Lumen", b"\\ud800"),
            lambda p: p.replace(b"Lumen", b"Lu\\/men"), lambda p: p + b" " * 8192,
        )
        for number, edit in enumerate(spellings):
            with self.subTest(number=number):
                self.broken("malformed", payload=edit)

    def test_sections_that_are_not_text_are_refused(self):
        made = parties().transmission("leading", enc.Release(b"p", documentation=b"\xc3"))
        self.refused("malformed", parties().read, made.file())

    def test_heads_of_stored_files_are_checked(self):
        made = parties().transmission("leading")
        copy, file = made.payload(), made.file()
        heads = {
            b"trybuy-t\x01\0\0\0": "malformed", b"trybuy-c\x02\0\0\0": "format-too-new",
            b"trybuy-c\x01\0\0\x01": "malformed",
        }
        for head, failure in heads.items():
            data = enc.stored_file(copy, file, head)
            self.refused(failure, parties().read, data, dec.open_stored)
        for copy in (bytes(8193), b"", b"{", b"{}"):
            wrong = enc.stored_file(copy, file)
            self.refused("malformed", parties().read, wrong, dec.open_stored)


if __name__ == "__main__":
    unittest.main()

"""The refusals of a reader, by the classes of docs/formats/vectors.md."""


class Refusal(Exception):
    """What was read is refused; `failure` is the class."""

    failure = "malformed"


class FormatTooNew(Refusal):
    """A version, algorithm, kind of recipient or `format` that is not known (EN-3)."""

    failure = "format-too-new"


class WrongKey(Refusal):
    """Made for another Builder, or signed by another server (EN-4, TF-3, CI-1)."""

    failure = "wrong-key"


class FileDamaged(Refusal):
    """A length, tag, signature or digest does not fit the bytes."""

    failure = "file-damaged"


class LicenseeMismatch(Refusal):
    """Made for another Builder license (CI-5, CI-6)."""

    failure = "licensee-mismatch"


class ControlMismatch(Refusal):
    """The control information says otherwise than the file around it (CI-6, CS-2)."""

    failure = "control-mismatch"


class Malformed(Refusal):
    """A rule about the form of intact bytes is broken."""

    failure = "malformed"


class ClockSkew(Refusal):
    """A signed request is too old or too new (RQ-5)."""

    failure = "clock-skew"

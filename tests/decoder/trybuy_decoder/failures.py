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


class Chain(Refusal):
    """Certificates are no chain of one issued by the next (CT-2)."""

    failure = "chain"


class Untrusted(Refusal):
    """A chain does not end at a trusted authority (CT-3)."""

    failure = "untrusted"


class SignatureWrong(Refusal):
    """A signature of a certificate or revocation list does not fit (CT-4)."""

    failure = "signature"


class Algorithm(Refusal):
    """A certificate or revocation list is signed in a way that is not accepted (CT-4)."""

    failure = "algorithm"


class NotYetValid(Refusal):
    """A certificate is not valid yet (CT-5)."""

    failure = "not-yet-valid"


class Ended(Refusal):
    """A certificate is not valid any more (CT-5)."""

    failure = "ended"


class Role(Refusal):
    """A certificate is for another use (CT-6)."""

    failure = "role"


class KeyKind(Refusal):
    """The key of a certificate is not of the kind of its role (CT-7)."""

    failure = "key"


class Profile(Refusal):
    """Something in a certificate or revocation list is not of the profile (CT-8, CT-10)."""

    failure = "profile"


class LicenseFields(Refusal):
    """The fields of a license are missing or do not fit its certificate (CT-9)."""

    failure = "license-fields"

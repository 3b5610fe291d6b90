"""Strict verification of Ed25519 (RQ-4)."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .failures import FileDamaged, Malformed

FIELD = 2**255 - 19
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, -1, FIELD)


def _edwards(point: bytes) -> tuple:
    """The x (either sign) and y of an encoded point of edwards25519 (RFC 8032, 5.1.3)."""
    y = int.from_bytes(point, "little") & (2**255 - 1)
    if y >= FIELD:
        raise FileDamaged("a point is not in its canonical encoding")
    square = (y * y - 1) * pow(CURVE_D * y * y + 1, -1, FIELD) % FIELD
    x = pow(square, (FIELD + 3) // 8, FIELD)
    if x * x % FIELD != square:
        x = x * pow(2, (FIELD - 1) // 4, FIELD) % FIELD
    if x * x % FIELD != square:
        raise FileDamaged("not a point of the curve")
    return x, y


def _double(point: tuple) -> tuple:
    """Twice a point, by the affine addition of RFC 8032, 5.1.4."""
    x, y = point
    product = CURVE_D * x * x * y * y % FIELD
    return (
        2 * x * y * pow(1 + product, -1, FIELD) % FIELD,
        (y * y + x * x) * pow(1 - product, -1, FIELD) % FIELD,
    )


def _has_small_order(point: bytes) -> bool:
    """Whether eight times the point is the neutral one."""
    multiple = _edwards(point)
    for _ in range(3):
        multiple = _double(multiple)
    return multiple == (0, 1)


def verify_ed25519(key: bytes, signature: bytes, message: bytes, what: str) -> None:
    """Verifies Ed25519 strictly (RQ-4)."""
    if len(key) != 32 or len(signature) != 64:
        raise Malformed(f"key or signature of {what} has another length")
    if int.from_bytes(signature[32:], "little") >= GROUP_ORDER:
        raise FileDamaged(f"the signature of {what} is not in its one form")
    if _has_small_order(key) or _has_small_order(signature[:32]):
        raise FileDamaged(f"a point of {what} is of small order")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise FileDamaged(f"the signature of {what} is wrong") from error

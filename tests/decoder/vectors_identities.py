"""Vectors of the tokens that tell a service who a request is from, and of responses to challenges."""

import json

import certificate_encoder as ce
import encoder as enc
from vectors_certificates import AT, PACK
from vectors_licensing import jwk, jws

IAT = 1780272000  # AT


def write(writer) -> None:
    """Writes them all."""
    _write_tokens(Tokens(writer))
    _write_challenges(writer)


def _write_challenges(writer) -> None:
    challenge = bytes(range(32))
    for name, challenge, image in (
        ("plain", challenge, b"\x7fELF a client image"), ("one-byte", challenge, b"\0"),
        ("zeros", bytes(32), bytes(100)), ("like-the-challenge", challenge, challenge),
        ("long", challenge, bytes(range(256)) * 16),
    ):
        given = {"challenge": enc.b64(challenge), "image": enc.b64(image)}
        result = {"response": enc.sha(challenge + image + challenge)}
        writer.write(f"challenge-{name}", "challenge", "accept", "LI-9", given, result)


class Tokens:
    """A gateway's key, its key set and what it tells."""

    def __init__(self, writer):
        self.writer, self.key, self.other = writer, ce.ecdsa(), ce.ecdsa()
        self.claims = {
            "iss": "license-server-1", "sub": ce.ecdsa().client_id, "iat": IAT, "exp": IAT + 60,
            "license": {
                "id": f"{PACK}.17", "kind": "permanent", "product_id": "com.example.sketch",
                "version": "4.2.0", "features": ["export", "print"], "platform_type": "windows",
                "ends_at": "2027-12-31T00:00:00Z",
            },
        }

    @staticmethod
    def entry(key: ce.Signer, **changes) -> dict:
        """A key in a key set."""
        return {"alg": "ES256", "kid": key.client_id, "use": "sig"} | jwk(key) | changes

    def header(self, **changes) -> dict:
        """The header of a token."""
        return {"alg": "ES256", "kid": self.key.client_id, "typ": "JWT"} | changes

    def token(self, claims=None, header=None, key=None) -> str:
        """A token; header and claims are objects or bytes."""
        parts = (self.header() if header is None else header,
                 self.claims if claims is None else claims)
        return jws(key or self.key,
                   *(it if isinstance(it, bytes) else enc.jsn(it) for it in parts))

    def case(self, name: str, expect: str, token: str, keys=None, at=AT, claims=None) -> None:
        """Writes a vector; keys are entries of the set, or the text of it."""
        keys = [self.entry(self.key)] if keys is None else keys
        text = keys if isinstance(keys, str) else json.dumps({"keys": keys})
        given = {"keys": text, "token": token, "at": at}
        result = {"claims": self.claims if claims is None else claims}
        self.writer.write(f"identity-{name}", "identity-token", expect, "LI-10", given, result)


def _write_tokens(made: Tokens) -> None:
    license = made.claims["license"]
    temporary = {"id": f"{PACK}.0", "kind": "temporary"}
    for name, changes in (
        ("plain", {}), ("without-end", {"license": license | {"ends_at": None}}),
        ("no-features", {"license": license | {"features": []}}),
        ("temporary", {"license": license | temporary}),
        ("seat-again", {"license": license | {"id": f"{PACK}.17.3"}}),
    ):
        claims = made.claims | changes
        made.case(name, "accept", made.token(claims), claims=claims)
    more = made.claims | {"aud": "service", "license": license | {"colour": "blue"}}
    made.case("more-claims", "accept", made.token(more))
    spaced = json.dumps(dict(reversed(made.claims.items()))).encode()
    made.case("other-spelling", "accept", made.token(spaced))
    _write_keys(made)
    _write_times(made)
    _write_headers(made)
    _write_claims(made)


def _write_keys(made: Tokens) -> None:
    good, token = made.entry(made.key), made.token()
    rsa = {"alg": "RS256", "kid": "1", "kty": "RSA", "use": "sig", "n": "AQAB", "e": "AQAB"}
    renamed = made.entry(made.other, kid=made.key.client_id)
    for name, keys in (
        ("several-keys", [rsa, made.entry(made.other), good]), ("key-with-more", [good | {"x5t": ""}]),
        ("same-id-twice", [renamed, good]),
    ):
        made.case(name, "accept", token, keys)
    for name, expect, keys in (
        ("no-keys", "wrong-key", []), ("other-keys", "wrong-key", [rsa, made.entry(made.other)]),
        ("key-by-another-id", "wrong-key", [renamed]), ("key-without-id", "wrong-key", [jwk(made.key)]),
        ("key-for-another-algorithm", "wrong-key", [good | {"alg": "ES384"}]),
        ("key-of-another-curve", "wrong-key", [good | {"crv": "P-384"}]),
        ("no-key-set", "malformed", "[]"), ("key-set-cut-off", "malformed", '{"keys":['),
    ):
        made.case(name, expect, token, keys)
    made.case("of-another", "file-damaged", made.token(key=made.other))


def _write_times(made: Tokens) -> None:
    made.case("last-second", "accept", made.token(), at="2026-06-01T00:00:59Z")
    made.case("over", "ended", made.token(), at="2026-06-01T00:01:00Z")
    made.case("long-over", "ended", made.token(), at="2030-01-01T00:00:00Z")


def _write_headers(made: Tokens) -> None:
    for name, header in (
        ("alg-none", made.header(alg="none")), ("alg-hs256", made.header(alg="HS256")),
        ("typ", made.header(typ="JWS")), ("without-kid", {"alg": "ES256", "typ": "JWT"}),
        ("with-jwk", made.header(jwk=jwk(made.key))), ("crit", made.header(crit=["exp"])),
        ("header-order", dict(reversed(made.header().items()))),
        ("header-spaced", json.dumps(made.header()).encode()),
    ):
        made.case(name, "malformed", made.token(header=header))
    good = made.token()
    header, payload, signature = good.split(".")
    last = "B" if signature[0] == "A" else "A"
    other = enc.b64(enc.jsn(made.claims | {"sub": made.other.client_id}))
    der = made.key.sign(f"{header}.{payload}".encode())
    for name, expect, token in (
        ("empty", "malformed", ""), ("two-parts", "malformed", f"{header}.{payload}"),
        ("four-parts", "malformed", good + "."), ("padded", "malformed", good + "=="),
        ("without-signature", "file-damaged", f"{header}.{payload}."),
        ("der-signature", "file-damaged", f"{header}.{payload}.{enc.b64(der)}"),
        ("signature", "file-damaged", f"{header}.{payload}.{last}{signature[1:]}"),
        ("other-claims", "file-damaged", f"{header}.{other}.{signature}"),
    ):
        made.case(name, expect, token)


def _write_claims(made: Tokens) -> None:
    license = made.claims["license"]
    for name in made.claims:
        less = {k: v for k, v in made.claims.items() if k != name}
        made.case(f"without-{name}", "malformed", made.token(less))
    for name, changes in (
        ("iss", {"iss": "A B"}), ("sub", {"sub": "1"}), ("exp-text", {"exp": "1780272060"}),
        ("exp-fraction", {"exp": IAT + 60.5}), ("license-null", {"license": None}),
        ("license-id", {"license": license | {"id": PACK}}),
        ("license-kind", {"license": license | {"kind": "trial"}}),
        ("license-ends-at", {"license": license | {"ends_at": IAT}}),
        ("license-version", {"license": license | {"version": "4.2"}}),
    ):
        made.case(f"claim-{name}", "malformed", made.token(made.claims | changes))
    made.case("claims-no-json", "malformed", made.token(b"{"))

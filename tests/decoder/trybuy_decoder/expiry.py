"""The expiry decision (XD-1 to XD-13), a pure function."""

from .documents import instant, semver_order, write_instant
from .failures import Malformed

DAY = 86400
LAST_INSTANT = 253402300799  # 9999-12-31T23:59:59Z


def days_left(now: int, end: int) -> int:
    """Started periods of 24 hours until `end` (XD-3)."""
    return max(0, -(-(end - now) // DAY))


def _refuse(reason: str) -> dict:
    return {"answer": "refuse", "reason": reason}


def _limits_reached(limits: dict, state: dict, now: int) -> bool:
    """Whether the launch that is about to happen exceeds a limit (XD-7, XD-13)."""
    days = set(state["days"]) | {now // DAY}
    return (
        ("launches" in limits and state["launches"] + 1 > limits["launches"])
        or ("running" in limits and state["running"] >= limits["running"])
        or ("days" in limits and len(days) > limits["days"])
    )


def _over(control: dict, end: int, now: int, state: dict) -> dict:
    """The answer once the program's own end is there (XD-9 to XD-12)."""
    rule = control["expiration"]
    if rule["kind"] == "hard":
        return _refuse("trial-expired")
    start = end
    if rule["from"] == "first-warning":
        given = state["first_warned_at"]
        start = now if given is None else min(max(instant(given), end), now)
    until = min(start + rule["grace"], LAST_INSTANT)
    if now >= until:
        return _refuse("grace-ended")
    return {"answer": "warn", "until": write_instant(until), "days_left": days_left(now, until)}


def decide(control: dict, license: dict, now: int, builder: str, state: dict) -> dict:
    """Whether a user may still run a program.

    `control` and `license`: verified payloads; `now`: the trusted time in seconds since 1970;
    `builder`: the release of this Builder; `state`: the trial's local state (BL-7).
    """
    if not 0 <= now <= LAST_INSTANT:
        raise Malformed("no such instant")
    if license["ends_at"] is not None and now >= instant(license["ends_at"]):
        return _refuse("builder-license-expired")
    oldest = control["minimum_builder"]
    if oldest is not None and semver_order(builder) < semver_order(oldest):
        return _refuse("builder-too-old")
    if now < instant(control["issued_at"]) - DAY:
        return _refuse("clock-set-back")
    if _limits_reached(control["limits"], state, now):
        return _refuse("limit-reached")
    if control["ends_at"] is None:
        return {"answer": "allow", "until": None, "days_left": None}
    end = instant(control["ends_at"])
    if now >= end:
        return _over(control, end, now, state)
    return {"answer": "allow", "until": control["ends_at"], "days_left": days_left(now, end)}

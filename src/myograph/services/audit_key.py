"""What the database cannot forge: signatures under a key that never reaches it."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, repr=False)
class AuditKey:
    """Signs anchors and gaps of the log of who did what.

    older    keys from before, whose signatures stay good
    """

    secret: bytes
    older: tuple[bytes, ...] = ()

    def signature(self, kind: Literal["anchor", "gap"], said: Mapping[str, object]) -> str:
        """HMAC-SHA256 in hex of `said` as JSON, its keys in order and no blanks."""
        return _signature(self.secret, kind, said)

    def fits(
        self, kind: Literal["anchor", "gap"], said: Mapping[str, object], signature: str
    ) -> bool:
        return any(
            hmac.compare_digest(_signature(secret, kind, said).encode(), signature.encode())
            for secret in (self.secret, *self.older)
        )


def audit_key_of(setting: str) -> AuditKey:
    """The first of MYOGRAPH_AUDIT_KEY signs; those behind a comma are from before."""
    newest, *older = (part.strip().encode() for part in setting.split(","))
    return AuditKey(newest, tuple(filter(None, older)))


def _signature(secret: bytes, kind: str, said: Mapping[str, object]) -> str:
    text = json.dumps({"kind": kind, **said}, sort_keys=True, separators=(",", ":"))
    return hmac.new(secret, text.encode(), "sha256").hexdigest()

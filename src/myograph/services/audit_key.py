"""What the database cannot forge: signatures under a key that never reaches it."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, repr=False)
class AuditKey:
    """Signs anchors and gaps of the log of who did what."""

    secret: bytes

    def signature(self, kind: Literal["anchor", "gap"], said: Mapping[str, object]) -> str:
        """HMAC-SHA256 in hex of `said` as JSON, its keys in order and no blanks."""
        text = json.dumps({"kind": kind, **said}, sort_keys=True, separators=(",", ":"))
        return hmac.new(self.secret, text.encode(), "sha256").hexdigest()

    def fits(
        self, kind: Literal["anchor", "gap"], said: Mapping[str, object], signature: str
    ) -> bool:
        return hmac.compare_digest(self.signature(kind, said).encode(), signature.encode())

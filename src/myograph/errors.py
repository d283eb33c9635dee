"""Every error this package raises on purpose.

MyographError
├── NotReadable              the file cannot be read or analysed; its `code` says which way
│   ├── EmptyFile            it has no bytes
│   ├── NotC3D               it is not a C3D file
│   ├── Truncated            it ends before its own header says
│   ├── Contradictory        its header and its size cannot both be true
│   ├── Unfinalised          the writer died before it finished; it can be recovered
│   ├── NoEmgChannel         it has no channel in volts
│   ├── TooManyChannels      more EMG channels than we analyse
│   ├── RateTooLow           below 200 samples per second
│   ├── TooShort             less than a second of signal
│   ├── TooSlow              it takes longer than any honest file of its size
│   └── TooMuchMemory        it takes more memory than one file may
├── TooLarge                 an upload beyond the limit
├── BadName                  a name no object may have
├── BadInput                 something a person entered cannot be right
├── Conflict                 it cannot be done to what is there now
│   └── Outdated             somebody else changed it since you looked
├── NotFound                 there is no such thing, or it is not yours to see
├── NotAllowed               you may see it, but not do that
│   └── CrossSite            another site asked for it in your name
├── NotSignedIn              nobody has said who is asking
│   └── WrongPassword        the name and the password do not belong together
├── SignInUnavailable        whoever checks sign-ins for us does not answer
├── TooManyAttempts          too many sign-ins failed; it may be tried again later
├── TooManyRequests          somebody asked more often than anybody needs to
├── BadSignature             a delivery that nobody we know has signed
│   └── StaleDelivery        it is signed, and too old or from the future
├── MalformedEvent           a delivery that is signed and says nothing we understand
├── SlowDelivery             its body took longer to come than a sender may take
├── Overloaded               more came at once than can be done in time
├── NoWebhookSource          nobody may announce uploads here yet
├── LeaseLost                another worker has taken this session over
├── MeasuringDied            what measured the file was ended from outside; it is tried again
├── StoreUnavailable         object storage does not answer as it should
│   ├── StoreResting         it has not answered for a while, and is left alone for another
│   ├── ObjectGone           the object is no longer there
│   └── ObjectReplaced       other bytes lie there by now
├── CannotWrite              this machine's own disk takes no more
└── DatabaseUnavailable      the database does not answer

Anything else that escapes is a bug, and is reported as one. Each class has a `code` that programs
may rely on; the message is a sentence for the person who meets it. `web/problems.py` gives each a
status; nothing here knows HTTP.
"""

import math
from typing import ClassVar


class MyographError(Exception):
    """An outcome we expect, with a sentence for the person who meets it."""

    code: ClassVar[str] = "error"

    @property
    def sentence(self) -> str:
        return str(self)


class NotReadable(MyographError):
    """The file cannot be read or analysed.

    recoverable    `recover=True` reads what is there of it
    """

    code = "not_readable"
    recoverable: ClassVar[bool] = False


class EmptyFile(NotReadable):
    code = "empty_file"


class NotC3D(NotReadable):
    code = "not_c3d"


class Truncated(NotReadable):
    code = "truncated"
    recoverable = True


class Contradictory(NotReadable):
    code = "contradictory"
    recoverable = True


class Unfinalised(NotReadable):
    """The game was closed while it wrote."""

    code = "unfinalised"
    recoverable = True


class NoEmgChannel(NotReadable):
    code = "no_emg_channel"


class TooManyChannels(NotReadable):
    code = "too_many_channels"


class RateTooLow(NotReadable):
    code = "rate_too_low"


class TooShort(NotReadable):
    code = "too_short"


class TooSlow(NotReadable):
    code = "too_slow"


class TooMuchMemory(NotReadable):
    code = "too_much_memory"


class TooLarge(MyographError):
    code = "too_large"


class BadName(MyographError):
    code = "bad_name"


class BadInput(MyographError):
    code = "bad_input"


class Conflict(MyographError):
    """What was asked may be right by itself, and does not fit what is there."""

    code = "conflict"


class Outdated(Conflict):
    """Said to whoever names the version they saw, so that nobody undoes what they never read."""

    code = "outdated"


class NotFound(MyographError):
    """Said alike of what does not exist and of what the person may not see."""

    code = "not_found"


class NotAllowed(MyographError):
    code = "not_allowed"


class CrossSite(NotAllowed):
    code = "cross_site"


class NotSignedIn(MyographError):
    code = "not_signed_in"


class WrongPassword(NotSignedIn):
    """Said alike of an unknown name, a wrong password and a closed account."""

    code = "wrong_password"


class SignInUnavailable(MyographError):
    """Nobody is let in meanwhile."""

    code = "sign_in_unavailable"


class TooManyAttempts(MyographError):
    code = "too_many_attempts"

    def __init__(self, wait_s: float) -> None:
        self.wait_s = math.ceil(wait_s)
        super().__init__(f"Too many sign-ins failed. Please try again in {self.wait_s} seconds.")


class TooManyRequests(MyographError):
    """`named` is who asked, as a sentence begins."""

    code = "too_many_requests"

    def __init__(self, named: str, allowed: int, wait_s: int) -> None:
        self.wait_s = wait_s
        super().__init__(
            f"{named} asked for more than {allowed} things within a minute. Please try again in"
            f" {wait_s} {'second' if wait_s == 1 else 'seconds'}."
        )


class BadSignature(MyographError):
    code = "bad_signature"


class StaleDelivery(BadSignature):
    """Said only of what is signed: a stranger learns nothing of our clock."""

    code = "stale_delivery"


class MalformedEvent(MyographError):
    code = "malformed_event"


class SlowDelivery(MyographError):
    """Nothing of it was stored, and its connection is closed."""

    code = "slow_delivery"


class Overloaded(MyographError):
    """Nothing of it was done: whoever sent it must send it again."""

    code = "overloaded"


class NoWebhookSource(MyographError):
    code = "no_webhook_source"


class LeaseLost(MyographError):
    """The session was taken over while we worked: what we have is stale and is thrown away."""

    code = "lease_lost"


class MeasuringDied(MyographError):
    """Not by its own fault, as far as anybody knows: the system may have run out of memory."""

    code = "measuring_died"


class StoreUnavailable(MyographError):
    code = "store_unavailable"


class StoreResting(StoreUnavailable):
    code = "store_resting"

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__("The store does not answer.")


class ObjectGone(StoreUnavailable):
    code = "object_gone"


class ObjectReplaced(StoreUnavailable):
    """Whoever put the new bytes there will announce them; until then it is worth another try."""

    code = "object_replaced"


class CannotWrite(MyographError):
    code = "cannot_write"


class DatabaseUnavailable(MyographError):
    code = "database_unavailable"

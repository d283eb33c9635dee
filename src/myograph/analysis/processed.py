"""A channel as the viewer draws it: the very pieces that measuring uses."""

from dataclasses import dataclass

from myograph.recording import Signal
from myograph.signal.runs import Mask


@dataclass(frozen=True, slots=True, eq=False)
class Processed:
    """Filtered signal and envelope of one channel, in volts.

    filtered            (n,) at the recording's rate, bridged across the mask
    envelope            (m,) at `envelope_rate_hz`; value i stands for the middle of cell i
    mask                (n,) samples that no number uses; None: every sample is good
    """

    filtered: Signal
    envelope: Signal
    envelope_rate_hz: float
    mask: Mask | None

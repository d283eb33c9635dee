"""A channel freed of artefacts, filtered and made an envelope: for measuring and for the viewer."""

from dataclasses import dataclass

from myograph.analysis.protocol import Protocol
from myograph.analysis.spectra import Spectra, spectra_of
from myograph.errors import TooShort
from myograph.recording import Channel, Facts, Lead, Signal, Stretch
from myograph.signal.artefacts import Artefacts, Rules, find_artefacts
from myograph.signal.blocks import bridged
from myograph.signal.envelope import envelope_of
from myograph.signal.filters import Filter, band_of, bandpass, filtered, with_notches
from myograph.signal.grid import Grid, grid_of_filtered
from myograph.signal.mains import hum_of
from myograph.signal.runs import Mask, filled, lengths

SHORTEST_S = 1.0


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


@dataclass(frozen=True, slots=True, eq=False)
class Cleaned:
    """samples: unfiltered, bridged across the mask."""

    artefacts: Artefacts
    samples: Stretch


def processed(channel: Channel, facts: Facts, protocol: Protocol) -> Processed:
    """What the viewer draws, from the very pieces that measuring uses."""
    cleaned = clean(channel, facts, protocol)
    rate_hz, unusable = facts.rate.used_hz, cleaned.artefacts.unusable
    line_hz = None
    if protocol.notch:
        line_hz = line_to_remove(spectra_of(cleaned.samples, unusable, rate_hz, protocol), protocol)
    y = filtered(cleaned.samples, filter_of(rate_hz, protocol, line_hz))
    grid = grid_of_filtered(y, rate_hz, unusable, protocol.cell_ms / 1e3)
    mask = filled(unusable, y.size) if len(unusable) else None
    return Processed(y, envelope(grid, protocol), 1e3 / protocol.cell_ms, mask)


def clean(channel: Channel | Lead, facts: Facts, protocol: Protocol) -> Cleaned:
    """The channel with its artefacts bridged; raises TooShort where less than 1 s is left."""
    rate_hz = facts.rate.used_hz
    found = find_artefacts(channel.samples, rate_hz, rules_of(facts, protocol))
    lost = int(lengths(found.unusable).sum())
    if channel.samples.size - lost < SHORTEST_S * rate_hz:
        raise TooShort(f"Less than 1 s of {channel.label} holds a signal.")
    return Cleaned(found, bridged(channel.samples, found.masked))


def rules_of(facts: Facts, protocol: Protocol) -> Rules:
    """The protocol's rules for artefacts, and what is known of the sensor."""
    return Rules(
        equal_samples=protocol.equal_samples,
        dropout_s=protocol.dropout_ms / 1e3,
        saturation_samples=protocol.saturation_samples,
        saturation_share=protocol.saturation_share,
        flat_s=protocol.flat_ms / 1e3,
        spike_cell_s=protocol.spike_cell_ms / 1e3,
        spike_ratio=protocol.spike_ratio,
        spike_alone_s=protocol.spike_alone_ms / 1e3,
        spike_neighbour_share=protocol.spike_neighbour_share,
        settle_s=protocol.settle_ms / 1e3,
        full_scale_v=facts.full_scale_v,
        repeat_block=facts.repeat_block,
    )


def line_to_remove(spectra: Spectra, protocol: Protocol) -> float | None:
    """The mains line a notch is asked for, where there is enough of it."""
    if not protocol.notch or spectra.whole is None:
        return None
    hum = hum_of(spectra.whole, spectra.axis, protocol.mains_hz, spectra.band_hz)
    return hum.hz if hum is not None and hum.share >= protocol.notch_share else None


def filter_of(rate_hz: float, protocol: Protocol, line_hz: float | None) -> Filter:
    """The band-pass, with notches where a line is to be removed."""
    band = bandpass(rate_hz, protocol.band_hz, protocol.band_order)
    if line_hz is None:
        return band
    top_hz = band_of(rate_hz, protocol.band_hz)[1]
    return with_notches(band, line_hz, width_hz=protocol.notch_width_hz, up_to_hz=top_hz)


def envelope(grid: Grid, protocol: Protocol) -> Signal:
    return envelope_of(
        grid,
        corner_hz=protocol.envelope_hz,
        order=protocol.envelope_order,
        rms_s=protocol.envelope_rms_ms / 1e3,
    )

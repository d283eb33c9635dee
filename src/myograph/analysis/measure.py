"""Everything we measure in a recording: the only place where the steps are put in order."""

from dataclasses import dataclass

import numpy as np

from myograph.analysis.contractions import find_contractions
from myograph.analysis.describe import Traces, describe, spectral_of
from myograph.analysis.findings import artefact_findings, detection_findings
from myograph.analysis.game import agreement, game_runs
from myograph.analysis.processed import SHORTEST_S, clean, envelope, filter_of, line_to_remove
from myograph.analysis.protocol import Detector, Protocol
from myograph.analysis.quality import quality_of
from myograph.analysis.rate_evidence import clearest, contradictions, line_of, rate_evidence
from myograph.analysis.results import ChannelMeasurement, GameContractions, Measurement
from myograph.analysis.spectra import mean_spectra, spectra_of
from myograph.analysis.statistics import clinical, temporal, whole
from myograph.errors import NoEmgChannel, RateTooLow, TooShort
from myograph.recording import Channel, Facts, Finding, Recording, Signal
from myograph.signal.artefacts import Artefacts, bridged, widened_mask
from myograph.signal.filters import band_of
from myograph.signal.grid import Grid, cell_means, grid_of
from myograph.signal.mains import Line
from myograph.signal.runs import Runs, filled

METHOD = "2026.1"  # raise it when any number below can change

LOWEST_RATE_HZ = 200.0
_P95 = 0.95


def measure(recording: Recording, protocol: Protocol) -> Measurement:
    """Every channel by itself: a bad one never removes another."""
    facts = recording.facts
    _refuse_what_cannot_be_measured(facts)
    measured: list[_Measured] = []
    refused: list[Finding] = []
    for channel in recording.channels:
        try:
            measured.append(_measure(channel, facts, protocol))
        except TooShort as e:
            refused.append(Finding(e.code, e.sentence, channel.label))
    implied_hz = clearest([m.line for m in measured if m.line is not None])
    evidence = rate_evidence(facts, implied_hz, protocol)
    return Measurement(
        method=METHOD,
        protocol_digest=protocol.digest,
        channels=tuple(m.channel for m in measured),
        refused=tuple(refused),
        findings=contradictions(evidence, facts),
        rate=evidence,
    )


def _refuse_what_cannot_be_measured(facts: Facts) -> None:
    if not facts.emg_labels:
        raise NoEmgChannel("The file has no EMG channel.")
    if facts.rate.used_hz < LOWEST_RATE_HZ:
        raise RateTooLow(
            f"{facts.rate.used_hz:g} samples per second cannot carry surface EMG; "
            f"{LOWEST_RATE_HZ:g} are needed."
        )
    if facts.duration_s < SHORTEST_S:
        raise TooShort(f"The recording lasts {facts.duration_s:.2f} s; {SHORTEST_S:g} s is needed.")


@dataclass(frozen=True, slots=True)
class _Measured:
    channel: ChannelMeasurement
    line: Line | None


def _measure(channel: Channel, facts: Facts, protocol: Protocol) -> _Measured:
    rate_hz = facts.rate.used_hz

    # before any filter
    cleaned = clean(channel, facts, protocol)
    artefacts, samples = cleaned.artefacts, cleaned.samples
    spectra = spectra_of(samples, artefacts.unusable, rate_hz, protocol)

    # filtered, in cells
    line_hz = line_to_remove(spectra, protocol)
    band = filter_of(rate_hz, protocol, line_hz)
    grid = grid_of(samples, band, artefacts.unusable, protocol.cell_ms / 1e3)
    game_trace = _game_trace(channel, artefacts, grid, protocol)
    traces = Traces(grid, envelope(grid, protocol), game_trace)

    # where the muscle contracts, by us and by the game
    detection = find_contractions(grid, traces.envelope, protocol)
    game = None if channel.activated is None else game_runs(channel.activated, rate_hz, protocol)
    runs, source = _chosen(detection.runs, game, grid, protocol)

    # what it does there
    spans = grid.edges[runs]
    power = mean_spectra(spectra, spans, protocol)
    spectral = spectral_of(spans, power, spectra, protocol)
    contractions = describe(runs, traces, spectral, source=source, protocol=protocol)

    line = line_of(samples, grid, protocol)
    return _Measured(
        ChannelMeasurement(
            label=channel.label,
            clinical=clinical(grid, runs, power, spectra=spectra, protocol=protocol),
            whole=whole(grid, spectra),
            temporal=temporal(grid, runs, spectra=spectra, protocol=protocol),
            contractions=contractions,
            game=_agreement(grid.edges[detection.runs], game, artefacts),
            quality=quality_of(
                channel.label,
                artefacts=artefacts,
                spectra=spectra,
                grid=grid,
                detection=detection,
                protocol=protocol,
            ),
            envelope_p95_v=_p95(traces.envelope, runs),
            rest_v=detection.rest_v,
            threshold_v=detection.threshold_v,
            findings=(
                *artefact_findings(channel.label, artefacts, rate_hz),
                *detection_findings(
                    channel.label,
                    detection.nothing,
                    durations_s=[c.duration_s for c in contractions],
                    asked=protocol.detector,
                    source=source,
                    doubtful_s=protocol.doubtful_s,
                ),
            ),
            pipeline=_pipeline(rate_hz, line_hz, protocol),
            activated_p95_v=None if game_trace is None else _p95(game_trace, runs),
            implied_rate_hz=None if line is None else line.implied_rate_hz,
        ),
        line,
    )


def _game_trace(
    channel: Channel, artefacts: Artefacts, grid: Grid, protocol: Protocol
) -> Signal | None:
    """The activated channel on the grid, without what artefacts did to the game's detector."""
    if channel.activated is None:
        return None
    disturbed = ~np.isfinite(channel.activated)
    if artefacts.unusable is not None:
        disturbed |= artefacts.unusable
    memory = round(protocol.game_memory_ms / 1e3 * grid.rate_hz)
    disturbed = widened_mask(disturbed, memory)
    if disturbed.all():
        return None
    return cell_means(bridged(channel.activated, disturbed), grid.edges)


def _chosen(ours: Runs, game: Runs | None, grid: Grid, protocol: Protocol) -> tuple[Runs, Detector]:
    """The runs of cells that the protocol asks for; ours where the game left none to choose."""
    if protocol.detector == "envelope" or game is None:
        return ours, "envelope"
    cells = np.clip(np.searchsorted(grid.edges, game), 0, grid.size)
    return cells[cells[:, 1] > cells[:, 0]], "activated"


def _agreement(ours: Runs, game: Runs | None, artefacts: Artefacts) -> GameContractions | None:
    return None if game is None else agreement(ours, game, artefacts.unusable)


def _p95(values: Signal, runs: Runs) -> float | None:
    """95th percentile inside the runs; None without any."""
    inside = values[filled(runs, values.size)]
    return float(np.quantile(inside, _P95)) if inside.size else None


def _pipeline(rate_hz: float, line_hz: float | None, protocol: Protocol) -> str:
    low_hz, high_hz = band_of(rate_hz, protocol.band_hz)
    steps = [
        f"{low_hz:g}-{high_hz:g}Hz order {protocol.band_order} zero phase",
        f"{protocol.envelope_hz:g}Hz order {protocol.envelope_order} zero phase",
        f"RMS {protocol.envelope_rms_ms:g}ms",
    ]
    if line_hz is not None:
        steps.insert(1, f"notch {line_hz:.1f}Hz and harmonics")
    steps.insert(-2, "rectify")
    return "->".join(steps)

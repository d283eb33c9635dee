"""Everything we measure in a recording: the only place where the steps are put in order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from myograph.analysis.amplitude import amplitude_of
from myograph.analysis.contractions import Detection, find_contractions
from myograph.analysis.corrected import corrected, signed
from myograph.analysis.describe import Traces, describe, spectral_of
from myograph.analysis.edits import Edit, Outcome, without_channel
from myograph.analysis.fatigue import fatigue_of, with_verdicts
from myograph.analysis.findings import artefact_findings, detection_findings
from myograph.analysis.game import agreement, game_runs, game_trace
from myograph.analysis.method import METHOD
from myograph.analysis.processed import SHORTEST_S, clean, envelope, filter_of, line_to_remove
from myograph.analysis.protocol import Detector, Protocol
from myograph.analysis.quality import quality_of
from myograph.analysis.rate_evidence import clearest, contradictions, line_of, rate_evidence
from myograph.analysis.results import ChannelMeasurement, Contraction, GameContractions, Measurement
from myograph.analysis.spectra import Spectra, mean_spectra, spectra_of
from myograph.analysis.statistics import clinical, temporal, whole
from myograph.errors import NoEmgChannel, RateTooLow, TooShort
from myograph.recording import Channel, Facts, Finding, Lead, Recording, Signal
from myograph.signal.artefacts import Artefacts
from myograph.signal.filters import band_of
from myograph.signal.grid import Grid, grid_of
from myograph.signal.mains import Line
from myograph.signal.runs import Runs, filled

LOWEST_RATE_HZ = 200.0
_P95 = 0.95


def measure(recording: Recording, protocol: Protocol, edits: Sequence[Edit] = ()) -> Measurement:
    """Every channel by itself: a bad one never removes another.

    edits    applied in their order after detection; everything that is made of contractions
             follows. How well the signal and the game agree with the detector does not
    """
    facts = recording.facts
    _refuse_what_cannot_be_measured(facts)
    measured: list[_Measured] = []
    refused: list[Finding] = []
    for channel in recording.leads:
        try:
            own = [edit for edit in edits if edit.channel == channel.label]
            measured.append(_measure(channel, facts, protocol, own))
        except TooShort as e:
            refused.append(Finding(e.code, e.sentence, channel.label))
    implied_hz = clearest([m.line for m in measured if m.line is not None])
    evidence = rate_evidence(facts, implied_hz, protocol)
    return Measurement(
        method=METHOD,
        protocol_digest=protocol.digest,
        channels=with_verdicts([m.channel for m in measured], protocol),
        refused=tuple(refused),
        findings=contradictions(evidence, facts),
        rate=evidence,
        edits=_outcomes(measured, edits),
    )


def _outcomes(measured: "Sequence[_Measured]", edits: Sequence[Edit]) -> tuple[Outcome, ...]:
    """Of every edit, also of those whose channel could not be measured."""
    found = {outcome.edit_id: outcome for m in measured for outcome in m.outcomes}
    return tuple(found.get(edit.id) or without_channel(edit) for edit in edits)


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
    outcomes: tuple[Outcome, ...]


def _measure(
    channel: Channel | Lead, facts: Facts, protocol: Protocol, edits: Sequence[Edit]
) -> _Measured:
    prepared = _prepare(channel, facts, protocol)
    artefacts, spectra, grid = prepared.artefacts, prepared.spectra, prepared.grid
    found = _find(channel, grid, prepared.envelope, protocol)
    kept = corrected(found.runs, grid, edits, protocol)
    traces = Traces(grid, prepared.envelope, _game_trace(channel, prepared, protocol))
    spans = grid.samples_at(kept.runs)
    power = mean_spectra(spectra, spans, protocol)
    spectral = spectral_of(spans, power, spectra, protocol)
    contractions = signed(
        describe(kept.runs, traces, spectral, source=found.source, protocol=protocol),
        kept.edit_ids,
    )
    line = line_of(spectra.samples, grid, protocol)
    quality = quality_of(
        channel.label,
        artefacts=artefacts,
        spectra=spectra,
        grid=grid,
        detection=found.detection,
        protocol=protocol,
    )
    measured = ChannelMeasurement(
        label=channel.label,
        clinical=clinical(grid, kept.runs, power, spectra=spectra, protocol=protocol),
        whole=whole(grid, spectra),
        temporal=temporal(grid, kept.runs, spectra=spectra, protocol=protocol),
        contractions=contractions,
        game=_agreement(found, grid, artefacts),
        quality=quality,
        envelope_p95_v=_p95(traces.envelope, kept.runs),
        rest_v=found.detection.rest_v,
        threshold_v=found.detection.threshold_v,
        findings=(
            *artefact_findings(channel.label, artefacts, grid.rate_hz),
            *_doubts(channel.label, found, contractions, protocol),
        ),
        pipeline=_pipeline(grid.rate_hz, prepared.line_hz, protocol),
        activated_p95_v=None if traces.game is None else _p95(traces.game, kept.runs),
        implied_rate_hz=None if line is None else line.implied_rate_hz,
        fatigue=fatigue_of(
            channel.label,
            contractions,
            verdict=quality.verdict,
            rest_rms_v=_rest_rms_v(grid, found.runs, kept.runs),
            protocol=protocol,
        ),
    )
    return _Measured(measured, line, kept.outcomes)


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """A channel without artefacts: its spectra, taken before the filter, and what comes after.

    line_hz    of the notch that was applied; None: none was
    """

    artefacts: Artefacts
    spectra: Spectra
    grid: Grid
    envelope: Signal
    line_hz: float | None


def _prepare(channel: Channel | Lead, facts: Facts, protocol: Protocol) -> _Prepared:
    rate_hz = facts.rate.used_hz
    cleaned = clean(channel, facts, protocol)
    unusable = cleaned.artefacts.unusable
    spectra = spectra_of(cleaned.samples, unusable, rate_hz, protocol)
    line_hz = line_to_remove(spectra, protocol)
    band = filter_of(rate_hz, protocol, line_hz)
    grid = grid_of(cleaned.samples, band, unusable, protocol.cell_ms / 1e3)
    return _Prepared(cleaned.artefacts, spectra, grid, envelope(grid, protocol), line_hz)


def _game_trace(channel: Channel | Lead, prepared: _Prepared, protocol: Protocol) -> Signal | None:
    if channel.activated is None:
        return None
    return game_trace(channel.activated, prepared.artefacts.unusable, prepared.grid, protocol)


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Where the muscle contracts.

    game    runs of samples in which the game saw a contraction; None: it did not say
    runs    of cells, by the detector that `source` names
    """

    detection: Detection
    game: Runs | None
    runs: Runs
    source: Detector


def _find(channel: Channel | Lead, grid: Grid, envelope: Signal, protocol: Protocol) -> _Found:
    """By both detectors; the protocol says which of them the results follow, where it can."""
    detection = find_contractions(grid, envelope, protocol)
    if channel.activated is None:
        return _Found(detection, None, detection.runs, "envelope")
    game = game_runs(channel.activated, grid.rate_hz, protocol)
    if protocol.detector == "envelope":
        return _Found(detection, game, detection.runs, "envelope")
    cells = np.clip(grid.first_cell_from(game), 0, grid.size)
    return _Found(detection, game, cells[cells[:, 1] > cells[:, 0]], "activated")


def _agreement(found: _Found, grid: Grid, artefacts: Artefacts) -> GameContractions | None:
    if found.game is None:
        return None
    return agreement(grid.samples_at(found.detection.runs), found.game, artefacts.unusable)


def _doubts(
    label: str, found: _Found, contractions: tuple[Contraction, ...], protocol: Protocol
) -> tuple[Finding, ...]:
    return detection_findings(
        label,
        found.detection,
        durations_s=[c.duration_s for c in contractions],
        asked=protocol.detector,
        source=found.source,
        doubtful_s=protocol.doubtful_s,
    )


def _rest_rms_v(grid: Grid, found: Runs, kept: Runs) -> float | None:
    """Of what lies between: a contraction that somebody removed did not become rest by that."""
    active = filled(found, grid.size) | filled(kept, grid.size)
    return amplitude_of(grid, ~active).rms_v


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

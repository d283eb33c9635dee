"""A protocol as a TOML file that a person can read, change and hand back."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from myograph.analysis.protocol import BOUNDS, DEFAULT, Protocol
from myograph.errors import BadInput

_HEADING = """\
# How myograph measures a recording. Change what you need and hand the file to
# `myograph analyse --protocol`. What is left out keeps its default; the whole is stored with
# every result. docs/methods.md says what each number is used for.
"""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a person must know to change it. unit: empty where it has none."""

    unit: str
    meaning: str


def protocol_of(text: str, name: str) -> Protocol:
    """The protocol that a TOML text describes.

    name    of the file, for the sentences
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise BadInput(f"{name} is no TOML: {e}.") from e
    try:
        return Protocol.from_dict(values)
    except BadInput as e:
        raise BadInput(f"{name}: {e.sentence}") from e


def text_of(protocol: Protocol) -> str:
    """Every parameter with its meaning, unit and bounds; reads back as the same protocol."""
    return "\n".join([_HEADING, *_lines(protocol)])


def changes_of(protocol: Protocol) -> list[str]:
    """What differs from the default: "merge_ms 300.0 (default 200.0)"."""
    default, own = DEFAULT.to_dict(), protocol.to_dict()
    return [
        f"{name} {json.dumps(value)} (default {json.dumps(default[name])})"
        for name, value in own.items()
        if value != default[name]
    ]


def _lines(protocol: Protocol) -> Iterator[str]:
    values = protocol.to_dict()
    for section, parameters in PARAMETERS.items():
        yield f"# {section}\n"
        for name, parameter in parameters.items():
            yield f"# {_comment(name, parameter)}"
            yield f"{name} = {_value(values[name])}\n"


def _value(value: object) -> str:
    return json.dumps(value)  # numbers, texts and lists of JSON are those of TOML


def _comment(name: str, parameter: Parameter) -> str:
    unit = f" [{parameter.unit}]" if parameter.unit else ""
    bounds = BOUNDS.get(name)
    limits = "" if bounds is None else f"; {bounds[0]:g} to {bounds[1]:g}"
    return f"{parameter.meaning}{unit}{limits}"


_LIMITS = "full marks up to the first, none from the second on"

PARAMETERS: Mapping[str, Mapping[str, Parameter]] = {
    "Whose contractions": {
        "detector": Parameter("", '"envelope", or "activated": the game\'s own channel'),
    },
    "Artefacts, before any filter": {
        "equal_samples": Parameter("samples", "equal at the extreme: saturation"),
        "dropout_ms": Parameter("ms", "equal at the extreme from this length on: a drop-out"),
        "saturation_samples": Parameter("samples", "beyond the share of full scale: saturation"),
        "saturation_share": Parameter("of full scale", "from here on a sample is at its limit"),
        "flat_ms": Parameter("ms", "constant, not at the extreme: a flat line"),
        "spike_cell_ms": Parameter("ms", "a spike takes at most two cells of this length"),
        "spike_ratio": Parameter("", "times the 99.5th percentile of all cells: a spike"),
        "spike_alone_ms": Parameter("ms", "around a spike there is nothing else"),
        "spike_neighbour_share": Parameter("of the spike", "what counts as something else"),
        "settle_ms": Parameter("ms", "left out on both sides once the filter has run"),
    },
    "Filter and envelope": {
        "band_hz": Parameter("Hz", "corners of the band-pass"),
        "band_order": Parameter("", "of the band-pass, zero phase"),
        "notch": Parameter("", "remove a mains line: false for every number worth comparing"),
        "notch_share": Parameter("of the power", "from here on a mains line is worth removing"),
        "notch_width_hz": Parameter("Hz", "of the notch at each harmonic"),
        "mains_hz": Parameter("Hz", "where mains hum is looked for"),
        "cell_ms": Parameter("ms", "cells that every decision and amplitude is made of"),
        "envelope_hz": Parameter("Hz", "corner of the envelope's low-pass"),
        "envelope_order": Parameter("", "of the envelope's low-pass, zero phase"),
        "envelope_rms_ms": Parameter("ms", "moving RMS after the low-pass"),
    },
    "Contractions": {
        "level_ms": Parameter("ms", "RMS window of the level that decides"),
        "edge_ms": Parameter("ms", "RMS window of the level that places the edges"),
        "threshold_spreads": Parameter("spreads", "of rest, from rest to the threshold"),
        "threshold_db": Parameter("dB", "the threshold over rest, at least and at most"),
        "threshold_share": Parameter("of the strong activity", "the threshold is not below it"),
        "off_share": Parameter("of the way", "from rest to the threshold, in volts: the edges"),
        "separation_db": Parameter("dB", "the median peak stands this far over rest"),
        "separation_sd": Parameter("pooled SD", "activity and rest lie this far apart ..."),
        "separation_wide_db": Parameter("dB", "... or this far"),
        "merge_ms": Parameter("ms", "gaps up to this length are joined"),
        "shortest_ms": Parameter("ms", "then what is shorter is dropped"),
        "refractory_ms": Parameter("ms", "rest before the next contraction counts"),
        "least_peak_v": Parameter("V", "of the envelope; 0: no least amplitude"),
        "doubtful_s": Parameter("s", "a longer contraction is a finding"),
    },
    "Numbers of a contraction": {
        "strength_ms": Parameter("ms", "strength is the largest mean of the envelope over it"),
        "game_memory_ms": Parameter("ms", "how far back the game's detector averages"),
    },
    "Spectrum": {
        "segment_ms": Parameter("ms", "longest window of a contraction's spectrum"),
        "spectrum_from_ms": Parameter("ms", "a shorter contraction has no spectrum"),
        "clinical_spectrum_from_s": Parameter("s", "of contractions in all, for a channel's"),
        "window_ms": Parameter("ms", "windows over the whole recording"),
        "short_window_ms": Parameter("ms", "windows where no contraction fills one"),
        "quiet_share": Parameter("of the windows", "the quietest of them: the spectrum of rest"),
    },
    "Fatigue": {
        "fatigue_fewest": Parameter("contractions", "fewer carry no trend"),
        "fatigue_from_ms": Parameter("ms", "a shorter contraction is left out"),
        "fatigue_snr_db": Parameter("dB", "one that stands less over rest is left out"),
        "fatigue_masked_share": Parameter("of its time", "one that is masked more is left out"),
        "fatigue_level": Parameter("", "of the test of MDF, shared among the muscles tested"),
    },
    "Signal quality": {
        "masked_limits": Parameter("of the samples", f"masked: {_LIMITS}"),
        "saturated_limits": Parameter("of the samples", f"at their limit: {_LIMITS}"),
        "powerline_limits": Parameter("of the power", f"mains hum: {_LIMITS}"),
        "motion_limits": Parameter("of the power", f"motion: {_LIMITS}"),
        "snr_db_limits": Parameter("dB", f"activity over rest: {_LIMITS}"),
        "good_from": Parameter("", "score from which a channel is good"),
        "usable_from": Parameter("", "score from which a channel is usable, else poor"),
        "nothing_found_cap": Parameter("", "highest score of a channel without contractions"),
    },
    "Evidence of the sampling rate": {
        "line_window_s": Parameter("s", "windows in which a mains line is looked for"),
        "line_search": Parameter("of the mains frequency", "how far around it"),
        "line_db": Parameter("dB", "a line stands this far over its surroundings"),
        "rate_tolerance": Parameter("of the rate", "how far the line may lie from it"),
    },
}

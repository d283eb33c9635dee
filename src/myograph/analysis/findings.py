"""What a person should know of a channel, in sentences."""

from collections.abc import Mapping, Sequence

from myograph.analysis.contractions import Detection, Nothing
from myograph.analysis.protocol import Detector
from myograph.recording import Finding
from myograph.signal.artefacts import Artefacts
from myograph.signal.runs import Runs, lengths

_REST_CHANGED_DB = 5.0  # noise that doubles rises by 6
_NOTHING: Mapping[Nothing, str] = {
    "no_activity": "{label} shows no activity above rest.",
    "not_separable": "On {label}, activity and rest cannot be told apart.",
}


def nothing_found(label: str, nothing: Nothing | None) -> str | None:
    """Why a channel has no contractions; None where it has some."""
    return None if nothing is None else _NOTHING[nothing].format(label=label)


def detection_findings(
    label: str,
    detection: Detection,
    *,
    durations_s: Sequence[float],
    asked: Detector,
    source: Detector,
    doubtful_s: float,
) -> tuple[Finding, ...]:
    """What a person should doubt of the contractions, or of there being none."""
    found: list[Finding] = []
    nothing = nothing_found(label, detection.nothing)
    if detection.nothing is not None and nothing is not None:
        found.append(Finding(detection.nothing, nothing, label))
    if detection.rest_range_db >= _REST_CHANGED_DB:
        sentence = (
            f"The rest of {label} changed by {detection.rest_range_db:.0f} dB during the recording,"
            " so weak contractions may be missed or too long."
        )
        found.append(Finding("rest_changed", sentence, label))
    if asked != source:
        sentence = f"{label} has no activated channel; its contractions are those of the envelope."
        found.append(Finding("no_activated_channel", sentence, label))
    longest_s = max(durations_s, default=0.0)
    if longest_s > doubtful_s:
        sentence = f"A contraction of {label} lasts {longest_s:.0f} s: its noise may have risen."
        found.append(Finding("long_contraction", sentence, label))
    return tuple(found)


def artefact_findings(label: str, found: Artefacts, rate_hz: float) -> tuple[Finding, ...]:
    """One finding for each kind of artefact that occurs."""
    kinds = (
        (
            "dropouts",
            "{label} dropped out {times}, {seconds} in all.",
            found.dropouts,
        ),
        (
            "saturated",
            "{label} is at its limit {times}, {seconds} in all.",
            found.saturated,
        ),
        ("repeats", "The sensor of {label} repeated a block {times}.", found.repeats),
        ("flat_lines", "{label} stands still {times}, {seconds} in all.", found.flat),
        ("spikes", "{label} has a lone spike {times}.", found.spikes),
    )
    findings = [
        Finding(code, _sentence(text, label, runs, rate_hz), label)
        for code, text, runs in kinds
        if len(runs)
    ]
    if found.non_finite:
        sentence = f"{found.non_finite} samples of {label} are no numbers."
        findings.append(Finding("not_finite", sentence, label))
    return tuple(findings)


def _sentence(text: str, label: str, runs: Runs, rate_hz: float) -> str:
    count = len(runs)
    times = "once" if count == 1 else f"{count} times"
    return text.format(label=label, times=times, seconds=f"{lengths(runs).sum() / rate_hz:.2g} s")

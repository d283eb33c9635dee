"""What a session is scored with: for each input the first who knows it, and who that was."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from myograph.db.scoring import Known, KnownBaseline, StoredChannel
from myograph.db.session_settings import SessionSettings
from myograph.scoring.configuration import Configuration, Scope
from myograph.scoring.evidence import ChannelEvidence
from myograph.scoring.mvc import Baseline, baseline_of
from myograph.scoring.results import Component, Side
from myograph.scoring.session import (
    DEFAULT_HOLD_S,
    DEFAULT_MVC_SHARE,
    DEFAULT_TARGET,
    Prescription,
    SessionInputs,
)

SIDES: tuple[Side, Side] = ("left", "right")
_HIGHEST_RPE = 10
_NAMED_BY: Mapping[Scope, str] = {"session": "session", "patient": "patient", "site": "default"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a session is scored with.

    legs       {channel: (muscle, side)}
    sources    {input: person | session | patient | baseline | file | default | none}
    """

    inputs: SessionInputs
    legs: dict[str, tuple[str | None, Side | None]]
    sources: dict[str, str]


def chosen_inputs(known: Known) -> Chosen:
    """For each input the first that knows it: a person, the settings, the patient, the file."""
    said, patient, game = known.settings, known.patient, known.game
    assignment, sides_from = _first(
        ("person", said and said.channel_assignment),
        ("patient", patient and patient.channel_assignment),
    )
    target, target_from = _first(
        ("person", said and said.target_contractions_per_muscle),
        ("patient", patient and patient.target_contractions_per_muscle),
        ("default", DEFAULT_TARGET),
    )
    rpe, rpe_from = _first(("person", said and said.rpe_post_session), ("file", _rpe(game)))
    points, points_from = _first(("file", game.get("score")))
    maximum, maximum_from = _first(("person", said and said.game_points_maximum))
    hold_s, hold_from = _setting(known, "duration_threshold_seconds", DEFAULT_HOLD_S)
    mvc_share, share_from = _setting(known, "mvc_threshold_percentage", DEFAULT_MVC_SHARE)
    bfr_enabled, bfr_from = _first(("person", said.bfr_enabled if said else None))
    mvc, mvc_from = _user_mvc(known)
    baselines = baselines_of(known.baseline)
    asked = Prescription.usable(game.get("prescribed_mvc_share"), game.get("prescribed_hold_s"))
    inputs = SessionInputs(
        target=target,
        hold_s=hold_s,
        holds_s=_sided(
            said and said.duration_threshold_left_quad,
            said and said.duration_threshold_right_quad,
        ),
        mvc_share=mvc_share,
        user_mvc_v=mvc,
        baselines=baselines,
        prescribed_mvc_share=asked.mvc_share,
        prescribed_hold_s=asked.hold_s,
        rpe=rpe,
        rpe_source=rpe_from,
        game_points=points,
        game_maximum=maximum,
        bfr_enabled=bfr_enabled,
        pressures=known.pressures,
        accepted=frozenset(said.accepted_poor_channels if said else ()),
    )
    return Chosen(
        inputs=inputs,
        legs=_legs(assignment or {}),
        sources={
            "sides": sides_from or "none",
            "target": target_from or "default",
            "rpe": rpe_from or "none",
            "game_points": points_from or "none",
            "game_maximum": maximum_from or "none",
            "hold": hold_from,
            "mvc_share": share_from,
            "bfr_enabled": bfr_from or "none",
            "pressures": "person" if any(_known(known.pressures)) else "none",
            "weights": "person" if said and said.performance_weights else _NAMED_BY[known.scope],
        }
        | {f"mvc_{side}": "baseline" for side in baselines}
        | {f"mvc_{side}": source for side, source in mvc_from.items()},
    )


def chosen_configuration(known: Known) -> Configuration:
    """The one that was named, with what a person wants otherwise for this session."""
    said = known.settings
    chosen = known.configuration
    if said and said.performance_weights:
        chosen = replace(
            chosen, weights=cast("Mapping[Component, float]", said.performance_weights)
        )
    if said and said.targets:
        chosen = replace(chosen, targets=said.targets)
    return chosen


def _setting(known: Known, name: str, default: float) -> tuple[float, str]:
    """Of the session, where a person or a program said so; of the patient; or the default.

    The session's column always holds something: what nobody entered counts where it is another
    than the default.
    """
    said, patient = known.settings, known.patient
    value: float = default if said is None else getattr(said, name)
    if said is not None and name in said.entered:
        return value, "person"
    if value != default:
        return value, "session"
    of_patient: float | None = patient and getattr(patient, name)
    return (default, "default") if of_patient is None else (of_patient, "patient")


def _known(pressures: Mapping[Side, float | None]) -> Iterator[bool]:
    return (percent is not None for percent in pressures.values())


def baselines_of(baseline: KnownBaseline | None) -> dict[Side, Baseline]:
    """The reference of each leg on which exactly one channel gives one."""
    if baseline is None:
        return {}
    found: defaultdict[Side, list[Baseline]] = defaultdict(list)
    for channel in baseline.channels:
        side = baseline.sides.get(channel.label)
        reference = baseline_of(stored_evidence(channel, {channel.label: (None, side)}))
        if side is not None and reference is not None:
            found[side].append(replace(reference, age_days=baseline.age_days))
    return {side: only[0] for side, only in found.items() if len(only) == 1}


def _first(*candidates: tuple[str, Any]) -> tuple[Any, str | None]:
    """The first value that is not None, and who said it."""
    for source, value in candidates:
        if value is not None:
            return value, source
    return None, None


def _user_mvc(known: Known) -> tuple[dict[Side, float], dict[Side, str]]:
    """None where a person asks for the references that we find ourselves."""
    said, patient = known.settings, known.patient
    if said and "mvc_calculation_method" in said.entered and not _by_user(said):
        return {}, {}
    values: dict[Side, float] = {}
    sources: dict[Side, str] = {}
    for side in SIDES:
        value, source = _first(
            ("person", said and getattr(said, f"mvc_user_{side}_quad")),
            ("patient", patient and getattr(patient, f"mvc_{side}_quad")),
        )
        if source is not None:
            values[side], sources[side] = value, source
    return values, sources


def _by_user(said: SessionSettings) -> bool:
    return said.mvc_calculation_method == "user_defined"


def _sided(left: float | None, right: float | None) -> dict[Side, float]:
    both: dict[Side, float | None] = {"left": left, "right": right}
    return {side: value for side, value in both.items() if value is not None}


def _legs(assignment: dict[str, Any]) -> dict[str, tuple[str | None, Side | None]]:
    return {
        label: (leg.get("muscle"), cast("Side | None", leg.get("side")))
        for label, leg in assignment.items()
    }


def _rpe(game: dict[str, Any]) -> float | None:
    """Of the file, where it is a whole number from 0 to 10; anything else it did not say."""
    rpe = game.get("rpe")
    return rpe if rpe is not None and rpe in range(_HIGHEST_RPE + 1) else None


def stored_evidence(
    channel: StoredChannel, legs: dict[str, tuple[str | None, Side | None]]
) -> ChannelEvidence:
    muscle, side = legs.get(channel.label, (None, None))
    return ChannelEvidence(
        label=channel.label,
        muscle=muscle,
        side=side,
        efforts=channel.efforts,
        envelope_p95_v=channel.envelope_p95,
        verdict=channel.quality_verdict,
        game_mvc_v=channel.game_mvc,
        activated_p95_v=channel.activated_p95,
        quality_score=channel.signal_quality_score,
    )

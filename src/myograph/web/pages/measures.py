"""Every measure a page shows: its formula, unit, meaning and limits. Numbers link here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """`key` is the anchor on the help page."""

    key: str
    name: str
    unit: str
    formula: str
    meaning: str
    limits: str


MEASURES: tuple[Measure, ...] = (
    Measure(
        "overall",
        "Overall score",
        "0 to 100",
        "0.40 × compliance + 0.25 × symmetry + 0.20 × effort + 0.15 × game (default configuration)",
        "How much of what was asked was done. The sum is written out beside the number.",
        "A component that is not known is left out and its weight goes to the others, so two "
        "sessions compare only where the same components are present. Without compliance there is "
        "no overall score.",
    ),
    Measure(
        "compliance",
        "Compliance",
        "0 to 100",
        "mean of completion, strength rate and hold rate per muscle, mean over both legs, × 100 "
        "(× 0 where the cuff's pressure was measured outside 45 to 55 % of occlusion pressure)",
        "Whether the contractions that were asked for were done, strong enough and long enough.",
        "Where no maximum (MVC) is known apart from this very session, strength is shown but not "
        "counted. Where the pressure was not measured, nothing is gated and the card says so.",
    ),
    Measure(
        "symmetry",
        "Symmetry",
        "0 to 100",
        "(1 − |left − right| / (left + right)) × 100, of the compliance of each leg",
        "100: both legs did alike. 0: one leg did everything.",
        "Compares what was done against the targets, not the strength of the two legs. It needs "
        "to be known which channel lay on which leg.",
    ),
    Measure(
        "effort",
        "Effort",
        "0 to 100",
        "RPE 4 to 6 → 100; 3 and 7 → 80; 2 and 8 → 60; 0, 1, 9 and 10 → 20",
        "How near the perceived exertion after the session (RPE, a whole number from 0 to 10) "
        "came to the range aimed at.",
        "It is what the patient says, not a measurement.",
    ),
    Measure(
        "game",
        "Game",
        "0 to 100",
        "points / maximum × 100, at most 100",
        "Points won in the game against the most that could be won.",
        "Not known where the file does not tell the maximum.",
    ),
    Measure(
        "dose",
        "Good contractions",
        "count",
        "contractions that reached both targets, strength and hold",
        "The plain dose, per leg, against the number asked for.",
        "Not judged where no maximum is known, or where more than 10 % of a contraction could not "
        "be used.",
    ),
    Measure(
        "contractions",
        "Contractions",
        "count",
        "runs of the muscle's activity above a threshold that is set from the rest in the same "
        "recording; gaps up to 0.2 s are bridged, what is shorter than 0.1 s is dropped",
        "How often the muscle was tensed.",
        "Where activity and rest cannot be told apart, none is counted and a sentence says so.",
    ),
    Measure(
        "strength",
        "Strength reached",
        "count",
        "largest moving mean of the envelope over 0.5 s is at least 75 % of the MVC",
        "Contractions whose electrical activity came near the maximum.",
        "EMG amplitude is not force: skin, electrodes and fatigue change it. Contractions under "
        "0.5 s read lower. An MVC estimated from this session judges the session by itself.",
    ),
    Measure(
        "hold",
        "Hold reached",
        "count",
        "end − start is at least 2.0 s (or what is set for the session)",
        "Contractions that lasted as long as asked.",
        "The edges are exact to about 0.03 s (median, on generated signals).",
    ),
    Measure(
        "mvc",
        "MVC (reference)",
        "µV",
        "set by a therapist; else measured in a baseline session; else written by the game; else "
        "the 95th percentile of the envelope inside this session's contractions",
        "The maximum that strength is judged by. Its source always stands beside it.",
        "A value written by the game is in the domain of the game's own channel and is compared "
        "with that channel alone. The last source is an estimate from the very data it judges.",
    ),
    Measure(
        "envelope",
        "Envelope",
        "µV",
        "band-pass 20 to 450 Hz, absolute value, low-pass 10 Hz (both Butterworth, order 4, zero "
        "phase), then a moving RMS over 50 ms",
        "The strength of the muscle's activity over time: the thick line of the viewer.",
        "Stretches that could not be used are bridged for drawing and left out of every number.",
    ),
    Measure(
        "rms",
        "RMS",
        "µV",
        "√(mean of x²) over the contractions",
        "The effective amplitude while the muscle was tensed.",
        "Compare between sessions with care: electrodes never lie in exactly the same place.",
    ),
    Measure(
        "mav",
        "MAV",
        "µV",
        "mean of |x| over the contractions",
        "The mean amplitude while the muscle was tensed; less moved by single peaks than RMS.",
        "As for RMS.",
    ),
    Measure(
        "mpf",
        "Mean power frequency (MPF)",
        "Hz",
        "Σ f P(f) / Σ P(f), 20 to 450 Hz, less the spectrum of rest",
        "The mean of the power spectrum. It falls as a muscle tires.",
        "Not measured below 2 s of activity in total.",
    ),
    Measure(
        "mdf",
        "Median frequency (MDF)",
        "Hz",
        "the frequency that halves the power, 20 to 450 Hz, less the spectrum of rest",
        "As MPF, and less moved by noise at high frequencies.",
        "Not measured below 2 s of activity in total.",
    ),
    Measure(
        "quality",
        "Signal quality",
        "good, usable or poor",
        "product of five parts: share of samples that could not be used, share at the sensor's "
        "limit, share of mains hum, share of movement, distance of activity from rest",
        "How far the numbers of a channel can be trusted.",
        "A poor channel keeps its numbers, marked; it gets no score. A loose electrode is not a "
        "lazy patient.",
    ),
    Measure(
        "agreement",
        "Game's own count",
        "count",
        "runs in which the game's detector was active, matched in time with ours",
        "What the game took for contractions, beside what was measured.",
        "The game takes drop-outs of the sensor for contractions; those are named.",
    ),
)

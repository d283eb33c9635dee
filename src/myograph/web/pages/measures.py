"""Every measure a page shows: its formula, unit, meaning and limits. Numbers link here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """`key` is the anchor on the help page; `source` the publication it follows."""

    key: str
    name: str
    unit: str
    formula: str
    meaning: str
    limits: str
    source: str = "own convention"


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
        source="own convention; pressure: Patterson et al. 2019, doi 10.3389/fphys.2019.00533",
    ),
    Measure(
        "symmetry",
        "Symmetry",
        "0 to 100",
        "(1 − |left − right| / (left + right)) × 100, of the compliance of each leg",
        "100: both legs did alike. 0: one leg did everything.",
        "Compares what was done against the targets, not the strength of the two legs. It needs "
        "to be known which channel lay on which leg.",
        source="after Robinson, Herzog and Nigg 1987, J Manipulative Physiol Ther 10(4):172",
    ),
    Measure(
        "effort",
        "Effort",
        "0 to 100",
        "RPE 4 to 6 → 100; 3 and 7 → 80; 2 and 8 → 60; 0, 1, 9 and 10 → 20",
        "How near the perceived exertion after the session (RPE, a whole number from 0 to 10) "
        "came to the range aimed at.",
        "It is what the patient says, not a measurement.",
        source="Borg 1982, Med Sci Sports Exerc 14(5):377 (the scale); own convention (the points)",
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
        source="two-class cut: Otsu 1979, doi 10.1109/TSMC.1979.4310076; own convention",
    ),
    Measure(
        "edits",
        "Corrections",
        "s",
        "a person adds a contraction, removes one, or moves its edges; applied after every "
        "detection, to the contraction that covers at least half of what it and the one that was "
        "meant cover together",
        "Every number that is made of contractions follows. Who corrected what, when and why stays "
        "on record, also where it was taken back.",
        "Where a later analysis finds no such contraction the correction is not applied and asks "
        "for a decision. The game's agreement and the signal's quality stay those of the detector.",
    ),
    Measure(
        "time_to_peak",
        "Time to peak",
        "s",
        "time from the start of a contraction to the largest value of its envelope",
        "How quickly the muscle was tensed.",
        "The envelope is smoothed over some 50 ms.",
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
        source="De Luca et al. 2010, doi 10.1016/j.jbiomech.2010.01.027 (20 Hz); own convention",
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
        source="Stulen and De Luca 1981, doi 10.1109/TBME.1981.324738",
    ),
    Measure(
        "mdf",
        "Median frequency (MDF)",
        "Hz",
        "the frequency that halves the power, 20 to 450 Hz, less the spectrum of rest",
        "As MPF, and less moved by noise at high frequencies.",
        "Not measured below 2 s of activity in total.",
        source="Stulen and De Luca 1981, doi 10.1109/TBME.1981.324738",
    ),
    Measure(
        "iemg",
        "Integrated EMG (iEMG)",
        "µV s",
        "Σ |x| / rate over the contractions",
        "All activity of the session in one number: amplitude times time.",
        "Grows with the length of what was done as well as with its strength; what is masked is "
        "not in it.",
    ),
    Measure(
        "fi",
        "Dimitrov's index (FInsm5)",
        "× the first contraction's; in itself s⁶",
        "Σ f⁻¹ P(f) / Σ f⁵ P(f), 20 to 450 Hz, less the spectrum of rest; of all contractions, "
        "divided by that of the first that has a spectrum",
        "Rises as a muscle tires, and more steeply than MDF falls.",
        "Near 10⁻¹³ and never rounded. High frequencies weigh heavily in it, so noise lowers it. "
        "Not measured below 2 s of activity in total.",
        source="Dimitrov et al. 2006, doi 10.1249/01.mss.0000233794.31659.6d",
    ),
    Measure(
        "resolution",
        "Resolution of MPF and MDF",
        "Hz",
        "1 / length of the longest segment whose spectrum was taken",
        "How finely the spectrum can tell frequencies apart.",
        "Short contractions have a coarse spectrum. The whole recording is cut into 1 s, so its "
        "resolution is finer than that of the contractions.",
        source="Welch 1967, doi 10.1109/TAU.1967.1161901",
    ),
    Measure(
        "variation",
        "Variation within contractions",
        "as each number; CV in %",
        "mean ± SD (n − 1) over windows of 1 s wholly inside contractions, half overlapping; "
        "0.25 s where no contraction lasts 1 s. CV = SD / mean; then the least and the most",
        "How steady the activity was.",
        "Neighbouring windows share half of their samples. Windows of another length do not "
        "compare. Not measured under two windows.",
    ),
    Measure(
        "whole",
        "Whole recording",
        "as each number",
        "the same formulas over every usable sample, rest included; spectra of 1 s, half "
        "overlapping, from which nothing is subtracted",
        "What programs show that do not look for contractions; for comparing with them.",
        "Mixes activity and rest, so it depends on how long the muscle rested.",
    ),
    Measure(
        "fatigue",
        "Fatigue",
        "%/min",
        "least squares of MDF, MPF, RMS and FInsm5 of each contraction over time; 100 × slope / "
        "value of the line at the first contraction, with its 95 % interval; robust: the median "
        "slope of all pairs",
        "MDF falls as a muscle tires. It alone carries the verdict, at p < 0.05 / muscles tested; "
        "frequency down with amplitude up is what fatigue looks like at a steady force.",
        "Needs 6 contractions of 0.5 s and more, 10 dB above rest and at most 10 % masked, on a "
        "channel that is not poor. Frequency and amplitude also change with force and with the "
        "joint's angle. The four cases go by the signs alone.",
        source="Luttmann, Jäger and Laurig 2000, Int J Ind Ergon 25:645; Sen 1968, "
        "doi 10.1080/01621459.1968.10480934 (robust slope)",
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
    Measure(
        "threshold",
        "Threshold of activity",
        "µV",
        "rest + 3 spreads of rest (dB), 3 to 10 dB above rest, and at least 15 % of the strong "
        "activity; of the RMS over 150 ms",
        "Above it a contraction begins to count.",
        "Set anew from every recording. It is no target and says nothing about strength.",
    ),
    Measure(
        "snr",
        "Signal to noise (SNR)",
        "dB",
        "20 log₁₀ (RMS of the contractions / RMS of what lies between)",
        "How far the activity stands out of rest.",
        "A muscle that never rests looks like noise.",
    ),
    Measure(
        "noise",
        "Baseline noise",
        "µV, and dB re 1 µV",
        "median of the RMS over 150 ms while the muscle rests",
        "What the electrode and the sensor show without activity.",
        "Not known where rest cannot be told apart. It is no part of the verdict by itself.",
    ),
    Measure(
        "hum",
        "Mains hum",
        "% of the power in the band",
        "power of 50 or 60 Hz (±1.5 Hz) and its harmonics, ±1 Hz each, above the median of 1 to "
        "4 Hz beside",
        "How much of the signal comes from the mains.",
        "It is reported, not removed: a notch filter rings around strong contractions.",
    ),
    Measure(
        "motion",
        "Movement",
        "% of the power from 1 Hz on",
        "power from 1 Hz to 20 Hz / power from 1 Hz to the top of the band",
        "How much moving cables and skin add below the frequencies of muscle.",
        "The band-pass removes it from the numbers; strong movement reaches into the band.",
    ),
    Measure(
        "masked",
        "Masked",
        "% of the recording; faults are counted",
        "samples in a drop-out, a repeated block, a flat line, a spike or at the sensor's limit, "
        "each with 50 ms on both sides / all samples",
        "What could not be used and is in no number.",
        "A contraction masked by more than 10 % counts as done and is judged for nothing else.",
    ),
    Measure(
        "limit",
        "At the sensor's limit",
        "% of the recording",
        "samples beyond 99.5 % of full scale, outside drop-outs / all samples",
        "How much of the signal the sensor cut off. A loose electrode does that.",
        "Only where full scale is known.",
    ),
)

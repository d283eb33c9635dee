"""Channels with so many contractions done, strong and long."""

from myograph.scoring.evidence import ChannelEvidence, Effort

MVC_V = 1e-4
STRONG_V, WEAK_V = 0.8 * MVC_V, 0.2 * MVC_V


def effort(number=1, duration_s=2.5, strength_v=STRONG_V, activated_v=None, masked_share=0.0):
    return Effort(number, duration_s, strength_v, activated_v, masked_share)


def efforts(done, *, strong=0, long=0):
    return tuple(
        effort(i + 1, 2.5 if i < long else 1.0, STRONG_V if i < strong else WEAK_V)
        for i in range(done)
    )


def channel(side="left", *done, label=None, **known):
    values = {
        "label": label or {"left": "CH1", "right": "CH2", None: "CH3"}[side],
        "muscle": "quadriceps",
        "side": side,
        "efforts": tuple(done),
        "envelope_p95_v": None,
        "verdict": "good",
        "game_mvc_v": None,
    }
    return ChannelEvidence(**{**values, **known})

"""The muscles that a channel can be of, by the names that the field uses.

The one list: the interface takes these, the database refuses others (app.known_muscle), and a
researcher is shown no other.
"""

from difflib import get_close_matches
from typing import Final

from myograph.errors import BadInput

MUSCLES: Final = (
    "quadriceps",
    "rectus femoris",
    "vastus lateralis",
    "vastus medialis",
    "vastus medialis obliquus",
    "vastus intermedius",
    "hamstrings",
    "biceps femoris",
    "semitendinosus",
    "semimembranosus",
    "gluteus maximus",
    "gluteus medius",
    "gluteus minimus",
    "tensor fasciae latae",
    "iliopsoas",
    "sartorius",
    "gracilis",
    "adductors",
    "adductor longus",
    "adductor magnus",
    "tibialis anterior",
    "tibialis posterior",
    "extensor digitorum longus",
    "peroneus longus",
    "peroneus brevis",
    "triceps surae",
    "gastrocnemius",
    "gastrocnemius medialis",
    "gastrocnemius lateralis",
    "soleus",
)


def muscle_named(name: str) -> str:
    """The muscle of this name, in small or large letters.

    Raises BadInput, which names the nearest.
    """
    known = " ".join(name.lower().split())
    if known in MUSCLES:
        return known
    near = get_close_matches(known, MUSCLES, n=3)
    those = f"the nearest: {', '.join(near)}" if near else f"those we know: {', '.join(MUSCLES)}"
    raise BadInput(f"We know no muscle of this name; {those}.")

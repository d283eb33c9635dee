"""From the muscle recordings of a rehabilitation game to numbers a therapist can act on."""

__version__ = "0.1.0"

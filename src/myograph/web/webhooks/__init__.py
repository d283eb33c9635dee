"""Events in: who sends them, whether they are signed, and what they say."""

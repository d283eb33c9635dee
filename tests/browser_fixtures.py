"""Fixtures of a real Chromium in front of the real system."""

import pytest

from myograph.web.pages.stages import stages


@pytest.mark.parametrize(
    ("status", "technical", "progress"),
    [
        ("pending", False, ["done", "now", "waiting", "waiting"]),
        ("pending", True, ["done", "done", "now", "waiting"]),
        ("processing", True, ["done", "done", "now", "waiting"]),
        ("reprocessing", True, ["done", "done", "done", "now"]),
        ("completed", True, ["done", "done", "done", "done"]),
        ("failed", False, ["done", "stopped", "waiting", "waiting"]),
        ("failed", True, ["done", "done", "stopped", "waiting"]),
    ],
)
def test_stages_are_done_up_to_the_first_that_is_not(status, technical, progress):
    made = stages(status, has_technical=technical)
    assert [s.name for s in made] == ["received", "read", "processed", "scored"]
    assert [s.progress for s in made] == progress


def test_each_stage_has_a_glyph_and_words_for_who_does_not_see_it():
    words = {(s.glyph, s.words) for s in stages("failed", has_technical=True)}
    assert words == {("✓", "done"), ("✕", "stopped here"), ("○", "not yet")}

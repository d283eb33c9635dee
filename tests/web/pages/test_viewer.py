import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from myograph.analysis.protocol import DEFAULT
from myograph.charts.signal_view import Target
from myograph.scoring.session import SessionInputs
from myograph.services.read_signal import read_outline, read_window
from myograph.web.pages.session_view import Said, context_of, form_of, lines_of
from myograph.web.pages.viewer import Measured, target_of, version_of, viewer
from myograph.web.pages.windows import wish_of
from tests.web.pages.stored import recorded, stored, with_channel

SECONDS = 60.0


def seen(loaded, query="", **known):
    source = recorded("holds", SECONDS, known.get("dropouts", 0)).source
    outline = read_outline(source, DEFAULT)
    wish = wish_of(query)
    window = read_window(
        source, outline, start_s=wish.start_s, stop_s=wish.stop_s, columns=wish.columns
    )
    return viewer(
        loaded.session, Measured(loaded.channels, loaded.contractions), outline, window, wish
    )


def titles(made):
    root = ET.fromstring(made.drawing)  # noqa: S314 - our own drawing
    return [
        e.attrib["data-title"] for e in root.iter() if "lane" in e.attrib.get("class", "").split()
    ]


def test_the_left_leg_stands_above_the_right_whatever_the_channels():
    assert titles(seen(stored(sides=("right", "left")))) == ["Left quadriceps", "Right quadriceps"]
    assert titles(seen(stored(sides=(None, "right")))) == ["Right quadriceps", "CH1"]


def test_every_contraction_has_its_mark_or_is_counted_as_hidden():
    loaded = stored()
    made = seen(loaded)
    assert made.drawing.count('class="mark ') + made.hidden == len(loaded.contractions)


def test_the_overview_is_there_only_where_a_part_is_shown():
    assert 'class="overview"' not in seen(stored()).drawing
    assert 'class="overview"' in seen(stored(), "start=10&end=20").drawing


def test_both_legs_have_one_scale_unless_each_wants_its_own():
    def limits(query):
        drawing = seen(stored(), query).drawing
        return re.findall(r'data-uv="([^"]+)"', drawing)

    assert len(set(limits(""))) == 1
    assert len(set(limits("scale=own"))) == 2


def test_layers_are_left_out_of_the_drawing():
    drawing = seen(stored(), "show=envelope").drawing
    assert 'class="envelope"' in drawing
    assert 'class="ribbon"' not in drawing
    assert 'class="mark ' not in drawing


def test_masked_parts_are_told_where_they_are_in_view():
    loaded = stored(dropouts=1)
    assert seen(loaded, dropouts=1).masked
    assert not seen(stored()).masked


def test_the_window_and_its_resolution_are_written():
    assert seen(stored()).shown == "0.0 to 60.0 s, 1 column = 52 ms"
    assert seen(stored(), "start=10&end=10.5").shown == "10.00 to 10.50 s, every sample"


def test_a_target_is_a_share_of_a_maximum_in_the_same_domain():
    [channel, _] = stored(inputs=SessionInputs(user_mvc_v={"left": 120e-6})).channels
    assert target_of(channel) == Target(0.75 * 120e-6, "75 % of MVC")
    assert target_of(replace(channel, mvc_calculation_method="c3d_metadata")) is None
    assert target_of(replace(channel, mvc_peak_value=None)) is None
    estimated = replace(channel, mvc_calculation_method="backend_95percentile")
    assert target_of(estimated).words == "75 % of estimated MVC"


def test_notes_say_what_a_line_cannot():
    assert seen(stored()).notes == (
        "The MVC is estimated from this session, so its line judges the session by itself.",
    )
    game = with_channel(stored(), mvc_calculation_method="c3d_metadata")
    assert seen(game).notes == (
        "Strength is judged on the game's own channel, so its target has no line here.",
    )


def test_a_channel_that_was_not_measured_is_drawn_by_its_label():
    loaded = stored()
    assert titles(seen(replace(loaded, channels=loaded.channels[:1], contractions=[]))) == [
        "Left quadriceps",
        "CH2",
    ]


def test_of_many_channels_four_are_drawn_and_the_rest_is_counted():
    loaded = stored()
    source = recorded("holds", SECONDS).source
    outline = read_outline(source, DEFAULT)
    six = replace(outline, channels=outline.channels * 3)
    window = read_window(source, six)
    measured = Measured(loaded.channels, loaded.contractions)
    made = viewer(loaded.session, measured, six, window, wish_of(""))
    assert len(titles(made)) == 4
    assert made.notes[0] == "2 more channels are in the table below and not drawn here."


def test_the_version_changes_with_every_new_judgement():
    session = stored().session
    later = replace(session, updated_at=session.updated_at.replace(microsecond=5))
    assert version_of(session) != version_of(later)


def test_the_table_lists_contractions_in_time_order_with_links_that_keep_the_layers():
    loaded = stored()
    lines = lines_of(loaded, wish_of("show=raw"))
    starts = [line.row.start_s for line in lines]
    assert starts == sorted(starts)
    assert len(lines) == len(loaded.contractions)
    assert all("show=raw" in line.address for line in lines)
    assert {line.side for line in lines} == {"left", "right"}


def test_findings_are_said_once_and_name_their_channel():
    findings = [
        {"code": "a", "sentence": "The rate was corrected"},
        {"code": "a", "sentence": "The rate was corrected."},
        {"code": "b", "sentence": "hum", "channel": "CH1"},
        {"code": "c", "sentence": "CH2 is flat.", "channel": "CH2"},
    ]
    context = context_of(stored(findings=findings), wish_of(""))
    assert context["findings"] == ["The rate was corrected.", "CH1: Hum.", "CH2 is flat."]


def test_what_is_announced_says_how_it_ended():
    def say(**known):
        return context_of(stored(**known), wish_of(""))["say"]

    assert re.fullmatch(r"Processed\. Overall score \d+\.\d of 100\.", say())
    assert say(sides=(None, None)) == "Processed. Overall score not known."
    assert say(processing_status="processing") == "Being analysed"
    failed = say(processing_status="failed", processing_error_message="It is empty.")
    assert failed == "Not processed. It is empty."


def test_the_form_knows_what_is_said_already_and_opens_where_something_is_missing():
    form = form_of(stored(), ["P001"])
    assert form.said == Said("P001", "CH1", "CH2", "")
    assert not form.open_
    assert form.fills("effort")
    assert not form.fills("symmetry")
    bare = form_of(stored(sides=(None, None)), ["P001"])
    assert bare.open_
    assert bare.fills("compliance")
    assert not bare.fills("game")

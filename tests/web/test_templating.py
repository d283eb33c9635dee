from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from jinja2 import UndefinedError

from myograph.web.static_files import packaged
from myograph.web.templating import environment

BRUSSELS = environment(ZoneInfo("Europe/Brussels"))


def written(template, **context):
    return BRUSSELS.from_string(template).render(**context).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ 0.0000043 | microvolts }}", "4.3 µV"),
        ("{{ 0.00009994 | microvolts }}", "99.9 µV"),
        ("{{ 0.00009996 | microvolts }}", "100 µV"),
        ("{{ -0.0055 | microvolts }}", "-5500 µV"),
        ("{{ 2.204 | seconds }}", "2.20 s"),
        ("{{ 59.9 | duration }}", "59 s"),
        ("{{ 74.28 | duration }}", "1 min 14 s"),
        ("{{ 66.31 | hertz }}", "66.3 Hz"),
        ("{{ 0.652 | percent }}", "65 %"),
        ("{{ 71.96 | score }}", "72.0"),
        ("{{ 3 | plain }}", "3"),
        ("{{ 0.7504 | plain }}", "0.75"),
        ("{{ 999 | size }}", "999 bytes"),
        ("{{ 1000 | size }}", "1.0 kB"),
        ("{{ 1229632 | size }}", "1.2 MB"),
        ("{{ 536870912000 | size }}", "536.9 GB"),
    ],
)
def test_numbers_have_their_unit(template, words):
    assert written(template) == words


@pytest.mark.parametrize(
    "name", ["microvolts", "seconds", "duration", "hertz", "percent", "score", "plain", "size"]
)
def test_what_was_not_measured_says_so(name):
    assert written("{{ x | " + name + " }}", x=None) == "not measured"
    assert written("{{ x | " + name + "('unknown') }}", x=None) == "unknown"
    assert "measured" not in written("{{ x | " + name + " }}", x=0)


def test_a_moment_is_shown_in_the_zone_of_the_site():
    at = datetime(2025, 3, 30, 1, 30, tzinfo=UTC)  # half an hour after the clocks went forward
    assert (
        written("{{ at | moment }}", at=at)
        == '<time datetime="2025-03-30T03:30:00+02:00">30 March 2025, 03:30</time>'
    )


def test_a_moment_without_a_zone_stands_as_it_is_written():
    at = datetime(2025, 3, 10, 11, 46)  # noqa: DTZ001 - the file has none
    assert (
        written("{{ at | moment }}", at=at)
        == '<time datetime="2025-03-10T11:46:00">10 March 2025, 11:46</time>'
    )


def test_a_day_near_midnight_is_the_day_of_the_site():
    at = datetime(2025, 3, 9, 23, 30, tzinfo=UTC)
    assert written("{{ at | day }}", at=at) == '<time datetime="2025-03-10">10 March 2025</time>'


def test_a_date_is_a_day_too():
    assert '"2025-03-10"' in written("{{ on | day }}", on=date(2025, 3, 10))


@pytest.mark.parametrize("name", ["moment", "day"])
def test_a_time_nobody_knows_says_so(name):
    assert written("{{ x | " + name + " }}", x=None) == "unknown"


def test_whatever_people_wrote_is_escaped():
    assert written("{{ x }}", x="<b>&</b>") == "&lt;b&gt;&amp;&lt;/b&gt;"


def test_a_name_that_was_not_passed_is_an_error():
    with pytest.raises(UndefinedError):
        written("{{ nobody_passed_this }}")


def test_a_static_address_names_the_content():
    name = next(iter(packaged().content))
    assert written("{{ static_url(x) }}", x=name) == f"/static/{packaged().digest}/{name}"


def test_a_static_file_we_do_not_have_is_an_error():
    with pytest.raises(LookupError, match=r"no static file 'gone\.js'"):
        written("{{ static_url('gone.js') }}")

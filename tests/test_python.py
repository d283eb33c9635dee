"""A result in somebody's own program: as a frame, as a drawing, in a notebook, in MNE.

None of the libraries it may end in is needed; each is stood in for by what we call of it.
"""

import importlib.machinery
import sys
from dataclasses import replace
from types import ModuleType
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from myograph import api, recording
from myograph.analysis.protocol import DEFAULT
from myograph.api import Leg, analyse, read
from myograph.errors import BadInput, NotFound
from myograph.simulate.signals import Muscle
from tests.generated import LEFT, Made, recording_in

LEGS = {"CH1": Leg("left", "quadriceps")}


@pytest.fixture
def path(tmp_path):
    return recording_in(tmp_path)


@pytest.fixture
def stand_in(monkeypatch):
    """stand_in(name, **functions): a module of that name; None: as if it were not installed."""

    def put(name, **functions):
        module = ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        vars(module).update(functions)
        monkeypatch.setitem(sys.modules, name, module)

    return put


@pytest.fixture
def absent(monkeypatch):
    def hide(*names):
        for module in (api, recording):
            monkeypatch.setattr(module, "find_spec", lambda n: None if n in names else True)

    return hide


def test_a_frame_has_a_row_for_each_contraction(path, stand_in, absent):
    absent("pandas")
    stand_in("polars", DataFrame=dict)
    frame = analyse(path, legs=LEGS).to_frame()
    document = analyse(path, legs=LEGS).to_dict()
    assert frame["label"] == ["CH1", "CH1", "CH1", "CH2", "CH2"]
    assert frame["side"] == ["left"] * 3 + [None] * 2
    assert frame["muscle"][0] == "quadriceps"
    assert frame["file"] == [str(path)] * 5
    contractions = [c for channel in document["channels"] for c in channel["contractions"]]
    for name in contractions[0]:
        assert frame[name] == [c[name] for c in contractions]


def test_polars_goes_before_pandas_and_pandas_before_nothing(path, stand_in, absent):
    stand_in("polars", DataFrame=lambda _: "of polars")
    stand_in("pandas", DataFrame=lambda _: "of pandas")
    result = analyse(path)
    absent()
    assert result.to_frame() == "of polars"
    absent("polars")
    assert result.to_frame() == "of pandas"
    absent("polars", "pandas")
    with pytest.raises(ImportError, match="needs polars or pandas, and neither is installed"):
        result.to_frame()


def test_without_contractions_the_frame_is_empty(tmp_path, stand_in, absent):
    absent()
    stand_in("polars", DataFrame=dict)
    quiet = recording_in(tmp_path, Made(muscles=(Muscle(()), Muscle(()))))
    assert analyse(quiet).to_frame() == {}


def test_the_drawing_is_a_document_of_both_channels(path):
    drawn = ET.fromstring(analyse(path, legs=LEGS).plot())  # noqa: S314 - our own text
    text = " ".join(drawn.itertext())
    assert path.name in text
    assert "CH1 left quadriceps" in text
    assert "CH2" in text


def test_a_channel_that_was_refused_is_not_drawn(tmp_path):
    flat = Muscle((), noise_rms_v=0.0, offset_v=1e-3)
    drawn = analyse(recording_in(tmp_path, Made(muscles=(LEFT, flat)))).plot()
    assert "CH1" in drawn
    assert "CH2" not in drawn


def test_where_every_channel_was_refused_the_drawing_is_empty(tmp_path):
    flat = Muscle((), noise_rms_v=0.0, offset_v=1e-3)
    drawn = analyse(recording_in(tmp_path, Made(muscles=(flat, flat)))).plot()
    assert "CH1" not in drawn
    ET.fromstring(drawn)  # noqa: S314 - our own text


def test_a_recovered_recording_is_drawn_as_it_was_analysed(tmp_path):
    broken = recording_in(tmp_path, Made(finalised=False))
    assert "CH1" in analyse(broken, recover=True).plot()


def test_a_file_that_changed_since_is_not_drawn(path):
    result = analyse(path)
    recording_in(path.parent, Made(seed=2), path.name)
    with pytest.raises(BadInput, match="is no longer the file that was analysed"):
        result.plot()


def test_a_notebook_shows_the_drawing_and_the_contractions(path):
    result = analyse(path, legs=LEGS)
    shown = result._repr_html_()
    assert shown.startswith("<svg")
    assert shown.count("<tr>") == 1 + 5
    first = result.measurement.channels[0].contractions[0]
    assert f"<td>{first.start_s:.2f} s</td>" in shown
    assert "<td>CH1 left</td>" in shown


def test_a_notebook_says_why_there_is_no_drawing(path):
    result = analyse(path)
    path.unlink()
    with pytest.raises(NotFound):
        result.plot()
    shown = result._repr_html_()
    assert shown.startswith("<p>There is no file ")
    assert shown.count("<tr>") == 1 + 5


def test_mne_gets_volts_labels_and_the_rate(path, stand_in, absent):
    absent()
    stand_in(
        "mne",
        create_info=lambda names, rate_hz, kind: (names, rate_hz, kind),
        io=type("io", (), {"RawArray": staticmethod(lambda x, info, verbose: (x, info, verbose))}),
    )
    samples, info, _ = read(path).to_mne()
    assert info == (["CH1", "CH2"], 1000.0, "emg")
    np.testing.assert_array_equal(samples[1], read(path).channels[1].samples)


def test_without_mne_there_is_a_sentence(path, absent):
    absent("mne")
    with pytest.raises(ImportError, match="to_mne needs MNE, and it is not installed"):
        read(path).to_mne()


def test_a_drawing_uses_the_protocol_of_its_result(path):
    smooth = analyse(path, protocol=replace(DEFAULT, envelope_hz=1.0))
    assert smooth.plot() != analyse(path).plot()

"""Sessions whose truth another program wrote down, through the reader and back."""

from datetime import datetime
from itertools import islice

import numpy as np
import pytest

from myograph.analysis.measure import measure
from myograph.analysis.protocol import DEFAULT
from myograph.c3d.recording import read_recording
from myograph.c3d.source import BytesSource
from myograph.simulate.patients import demo_sessions


@pytest.fixture(scope="module")
def sessions():
    evening = datetime(2025, 3, 10, 18, 0)  # noqa: DTZ001 - the site's own time
    return list(islice(demo_sessions(1, now=evening), 4))


def edges(contractions):
    return np.array([(c.start_s, c.end_s) for c in contractions])


@pytest.mark.parametrize("number", range(4))
def test_every_burst_is_found_and_nothing_else(sessions, number):
    session = sessions[number]
    measured = measure(read_recording(BytesSource(session.content)), DEFAULT)
    for channel, truth in zip(measured.channels, session.truth["channels"], strict=True):
        bursts = truth["bursts"]
        true_edges = np.array([(b["start_s"], b["end_s"]) for b in bursts])
        assert len(channel.contractions) == len(bursts)
        errors = np.abs(edges(channel.contractions) - true_edges)
        assert np.median(errors) <= 0.025
        assert np.quantile(errors, 0.95) <= 0.060


@pytest.mark.parametrize("number", range(4))
def test_strength_and_spectrum_are_those_that_were_made(sessions, number):
    session = sessions[number]
    measured = measure(read_recording(BytesSource(session.content)), DEFAULT)
    for channel, truth in zip(measured.channels, session.truth["channels"], strict=True):
        found = np.array([(c.rms_v, c.mdf_hz) for c in channel.contractions])
        made = np.array([(b["rms_v"], b["median_hz"]) for b in truth["bursts"]])
        rms_ratio, mdf_ratio = np.median(found / made, axis=0)
        assert rms_ratio == pytest.approx(1.0, abs=0.08)
        assert mdf_ratio == pytest.approx(1.0, abs=0.05)

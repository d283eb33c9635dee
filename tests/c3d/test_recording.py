from datetime import datetime

import numpy as np
import pytest

from myograph.c3d.recording import (
    CHANNEL_LIMIT,
    NeedMore,
    facts_of_prefix,
    parse_upload_name,
    read_facts,
    read_recording,
    read_samples,
)
from myograph.c3d.source import BytesSource
from myograph.c3d.write import GameSession, ghostly_bytes, unfinalised_ghostly_bytes
from myograph.errors import (
    BadInput,
    Contradictory,
    NoEmgChannel,
    NotC3D,
    NotFound,
    RateTooLow,
    TooManyChannels,
    TooShort,
    Truncated,
    Unfinalised,
)
from tests.c3d import build
from tests.c3d.build import ABSENT, c3d, padded
from tests.c3d.game import START, channels, game_source

SECONDS_2 = build.stored_values(frames=200, samples=10, channels=3)  # 100 x 10 = 1000 Hz


def other(stored=SECONDS_2, **changes):
    """A file of another system."""
    return BytesSource(padded(c3d(stored, np.zeros((len(stored), 1, 4)), **changes)))


def rows(recording):
    return {channel.label: channel.samples for channel in recording.channels}


class TestTheGame:
    def test_facts(self):
        source = game_source(100, score=5)
        facts = read_facts(source)
        assert (facts.sample_count, facts.frame_count, facts.size_bytes) == (3000, 100, source.size)
        assert (facts.duration_s, facts.original_duration_s) == (
            3.0,
            pytest.approx(3.0303, abs=1e-4),
        )
        assert [channel.label for channel in facts.channels][:2] == ["CH1 Raw", "CH2 Raw"]
        assert {channel.unit for channel in facts.channels} == {None}
        assert facts.emg_labels == ("CH1", "CH2")
        assert (facts.full_scale_v, facts.repeat_block) == (5.5e-3, 15)
        assert (facts.recovered, facts.recoverable_samples) == (False, None)

    def test_1536_bytes_say_it_all(self):
        source = game_source(100)
        prefix = source.read(0, 1536)
        assert facts_of_prefix(prefix, source.size) == read_facts(source)

    def test_a_shorter_prefix_asks_for_more(self):
        source = game_source(100)
        with pytest.raises(NeedMore) as more:
            facts_of_prefix(source.read(0, 1000), source.size)
        assert more.value.size == 1536

    def test_raw_channels_come_with_the_games_detector(self):
        recording = read_recording(game_source(100))
        written = channels(100)
        assert len(recording.channels) == 2
        for channel in recording.channels:
            np.testing.assert_array_equal(channel.samples, written[f"{channel.label} Raw"])
            np.testing.assert_array_equal(channel.activated, written[f"{channel.label} activated"])

    def test_channels_are_matched_by_label_never_by_position(self):
        labels = ("battery", "ch2 RAW", "CH1 activated", "CH1 Raw", "pulse")
        recording = read_recording(game_source(100, labels=labels))
        written = channels(100, labels=labels)
        assert recording.facts.emg_labels == ("CH2", "CH1")
        second, first = recording.channels
        np.testing.assert_array_equal(first.samples, written["CH1 Raw"])
        np.testing.assert_array_equal(first.activated, written["CH1 activated"])
        np.testing.assert_array_equal(second.samples, written["ch2 RAW"])
        assert second.activated is None

    def test_without_a_raw_channel_there_is_no_emg(self):
        source = game_source(100, labels=("CH1 activated", "pulse"))
        assert read_facts(source).emg_labels == ()
        with pytest.raises(NoEmgChannel, match=r"CH1 activated \(no unit\), pulse"):
            read_recording(source)

    def test_the_detector_alone_is_no_emg_even_in_volts(self):
        labels = {"ANALOG:LABELS": ["CH1 activated"], "INFO:SYSTEM": "OpenFeasyo"}
        assert read_facts(other(parameters=labels)).emg_labels == ()

    def test_channels_are_read_when_they_are_asked_for_and_not_kept(self):
        found = read_recording(game_source(100)).channels
        assert found[0].samples is not found[0].samples
        assert [channel.label for channel in found[1:]] == ["CH2"]
        with pytest.raises(IndexError):
            found[2]

    def test_an_unfinished_file_is_refused_with_what_can_be_recovered(self):
        source = BytesSource(unfinalised_ghostly_bytes(GameSession(START, score=0), channels(100)))
        with pytest.raises(Unfinalised, match=r"3\.0 seconds of signal can be recovered\.$"):
            read_recording(source)
        facts = read_facts(source)
        assert (facts.sample_count, facts.recoverable_samples, facts.recovered) == (
            3000,
            3000,
            False,
        )
        assert facts.game.score is None  # the 0 in the file is what the game began with

    def test_recovery_reads_what_is_there(self):
        source = BytesSource(unfinalised_ghostly_bytes(GameSession(START), channels(100)))
        recording = read_recording(source, recover=True)
        assert recording.facts.recovered
        assert recording.facts == read_facts(source, recover=True)
        np.testing.assert_array_equal(rows(recording)["CH1"], channels(100)["CH1 Raw"])

    def test_half_a_file_is_refused_and_recovered_on_request(self):
        whole = game_source(100)
        half = BytesSource(whole.read(0, 1536 + 496 * 50 + 7))
        with pytest.raises(Truncated, match=r"should hold 3\.0 seconds of signal and holds 1\.5"):
            read_recording(half)
        recording = read_recording(half, recover=True)
        assert recording.facts.recovered
        assert recording.facts.sample_count == recording.facts.recoverable_samples == 1500
        np.testing.assert_array_equal(rows(recording)["CH2"], channels(100)["CH2 Raw"][:1500])

    def test_1016_bytes_of_an_upload_are_refused(self):
        with pytest.raises(Truncated, match="breaks off after 1016 bytes"):
            read_recording(BytesSource(game_source(100).read(0, 1016)), recover=True)

    def test_more_frames_than_the_header_declares_contradict_it(self):
        longer = BytesSource(game_source(100).read(0, 10**6) + bytes(496 * 20))
        with pytest.raises(Contradictory, match=r"declares 3\.0 seconds of signal and holds 3\.6"):
            read_recording(longer)
        assert read_recording(longer, recover=True).facts.sample_count == 3600

    def test_a_frame_that_nobody_counted_is_too_short(self):
        source = BytesSource(unfinalised_ghostly_bytes(GameSession(START), channels(1)))
        with pytest.raises(TooShort):
            read_recording(source)

    def test_a_recovered_whole_file_is_not_marked(self):
        facts = read_recording(game_source(100), recover=True).facts
        assert not facts.recovered

    def test_not_a_number_is_kept(self):
        written = channels(100)
        written["CH1 Raw"][77] = np.nan
        source = BytesSource(ghostly_bytes(GameSession(START), written))
        assert np.flatnonzero(np.isnan(rows(read_recording(source))["CH1"])).tolist() == [77]

    def test_no_frames_at_all_are_too_short(self):
        with pytest.raises(TooShort, match=r"lasts 0\.00 seconds"):
            read_recording(game_source(0))


class TestOtherSystems:
    def test_channels_in_volts_are_emg_in_volts(self):
        units = {"ANALOG:UNITS": ["mV", "N", "uV"], "ANALOG:LABELS": ["VL", "Fz", "VM"]}
        source = other(parameters=units)
        recording = read_recording(source)
        assert recording.facts.emg_labels == read_facts(source).emg_labels == ("VL", "VM")
        by_channel = SECONDS_2.transpose(2, 0, 1).reshape(3, -1)
        np.testing.assert_allclose(rows(recording)["VL"], by_channel[0] * 1e-3, rtol=1e-15)
        np.testing.assert_allclose(rows(recording)["VM"], by_channel[2] * 1e-6, rtol=1e-15)
        assert all(channel.activated is None for channel in recording.channels)

    @pytest.mark.parametrize(
        ("unit", "volts"),
        [("V", 1), ("v", 1), ("MV", 1e-3), ("µV", 1e-6), ("μV", 1e-6), ("uv", 1e-6)],
    )
    def test_volts_are_spelt_in_many_ways(self, unit, volts):
        recording = read_recording(other(parameters={"ANALOG:UNITS": [unit]}))
        expected = SECONDS_2[:, :, 0].reshape(-1) * volts
        np.testing.assert_allclose(recording.channels[0].samples, expected, rtol=1e-15)

    def test_two_channels_of_one_label_are_told_apart(self):
        recording = read_recording(other(parameters={"ANALOG:LABELS": ["EMG", "EMG", "VM"]}))
        assert recording.facts.emg_labels == ("EMG", "EMG (2)", "VM")
        np.testing.assert_array_equal(rows(recording)["EMG (2)"], SECONDS_2[:, :, 1].reshape(-1))

    def test_a_person_may_name_the_channels(self):
        labels = {"ANALOG:LABELS": ["VL", "VM", "Fz"], "ANALOG:UNITS": ["", "mV", "N"]}
        recording = read_recording(other(parameters=labels), emg_labels=["vm", "VL", "VM", "vm"])
        assert recording.facts.emg_labels == ("VM", "VL")
        np.testing.assert_array_equal(rows(recording)["VL"], SECONDS_2[:, :, 0].reshape(-1))
        assumed = [
            finding for finding in recording.facts.findings if finding.code == "unit_assumed"
        ]
        assert [finding.channel for finding in assumed] == ["VL"]

    def test_a_name_that_is_not_there_or_no_voltage_is_refused(self):
        source = other(
            parameters={"ANALOG:LABELS": ["VL", "VM", "Fz"], "ANALOG:UNITS": ["V", "V", "N"]}
        )
        with pytest.raises(BadInput, match="no channel 'RF' in this file; it has VL, VM, Fz"):
            read_recording(source, emg_labels=["RF"])
        with pytest.raises(BadInput, match="'Fz' is in N"):
            read_recording(source, emg_labels=["Fz"])

    def test_the_games_channels_can_be_named_either_way(self):
        for name in ("CH2", "CH2 Raw"):
            recording = read_recording(game_source(100), emg_labels=[name])
            (channel,) = recording.channels
            assert (channel.label, recording.facts.emg_labels) == ("CH2", ("CH2",))
            assert channel.activated is not None
            assert "unit_assumed" not in [finding.code for finding in recording.facts.findings]

    def test_no_analog_channels_no_emg(self):
        empty = np.zeros((200, 10, 0))
        with pytest.raises(NoEmgChannel, match="no analog channels"):
            read_recording(other(empty))
        facts = read_facts(other(empty))
        assert (facts.sample_count, facts.duration_s, facts.emg_labels) == (0, 0.0, ())

    def test_of_many_channels_ten_are_named(self):
        stored = build.stored_values(frames=200, samples=10, channels=12)
        with pytest.raises(NoEmgChannel, match=r"A10 \(N\) and 2 more\.$"):
            read_recording(other(stored, parameters={"ANALOG:UNITS": ["N"] * 12}))

    def test_64_channels_are_analysed_and_65_refused(self):
        stored = build.stored_values(frames=200, samples=10, channels=CHANNEL_LIMIT)
        assert len(read_recording(other(stored)).channels) == CHANNEL_LIMIT
        stored = build.stored_values(frames=200, samples=10, channels=CHANNEL_LIMIT + 1)
        with pytest.raises(TooManyChannels, match="65 EMG channels; at most 64"):
            read_recording(other(stored))
        assert len(read_recording(other(stored), emg_labels=["A65"]).channels) == 1

    def test_below_200_hz_is_no_emg(self):
        assert read_recording(other(rate_hz=20.0)).facts.rate.used_hz == 200
        with pytest.raises(RateTooLow, match="199 samples a second"):
            read_recording(other(rate_hz=19.9))

    def test_without_a_rate_nothing_can_be_said(self):
        source = other(rate_hz=0.0, parameters={"ANALOG:RATE": ABSENT})
        for read in (read_facts, read_recording):
            with pytest.raises(RateTooLow, match="does not say how many"):
                read(source)

    def test_half_a_file_without_a_rate_counts_frames(self):
        data = c3d(SECONDS_2, np.zeros((200, 1, 4)), rate_hz=0.0)
        with pytest.raises(Truncated, match="should hold 200 frames"):
            read_recording(BytesSource(data[:5000]))

    def test_a_second_is_enough_and_less_is_not(self):
        assert read_recording(other(SECONDS_2[:100])).facts.duration_s == 1
        with pytest.raises(TooShort, match=r"lasts 0\.99 seconds; at least 1"):
            read_recording(other(SECONDS_2[:99]))

    def test_counts_that_nothing_settles_are_refused(self):
        source = other(header={2: 4}, parameters={"POINT:USED": 5})
        with pytest.raises(Contradictory, match="disagree on how many points there are"):
            read_recording(source)
        declared = read_facts(source).sample_count
        recording = read_recording(source, recover=True)
        assert recording.facts.recoverable_samples == declared == recording.channels[0].samples.size

    def test_an_unfinished_file_of_another_program(self):
        source = other(header={5: 0}, parameters={"POINT:FRAMES": 0})
        with pytest.raises(Unfinalised, match=r"The program was closed .* 2\.0 seconds"):
            read_recording(source)

    def test_more_bytes_than_declared_are_other_systems_habit(self):
        source = BytesSource(other().read(0, 10**6) + bytes(5000))
        assert "bytes_after_data" in [f.code for f in read_recording(source).facts.findings]

    def test_text_is_no_recording(self):
        with pytest.raises(NotC3D):
            read_recording(BytesSource(b"a letter"))


class TestSamples:
    @pytest.mark.parametrize(
        ("start", "stop"),
        [(0, 3000), (0, 1), (29, 31), (30, 60), (1234, 2345), (2999, 3000), (5, 5)],
    )
    def test_a_window_is_a_part_of_the_whole(self, start, stop):
        whole = channels(100)
        part = read_samples(game_source(100), "CH2", start, stop)
        np.testing.assert_array_equal(part.samples, whole["CH2 Raw"][start:stop])
        np.testing.assert_array_equal(part.activated, whole["CH2 activated"][start:stop])

    @pytest.mark.parametrize(("start", "stop"), [(-50, 10), (2990, 9999), (4000, 5000), (20, 10)])
    def test_a_window_ends_with_the_recording(self, start, stop):
        expected = channels(100)["CH1 Raw"][max(0, start) : max(0, stop)]
        np.testing.assert_array_equal(
            read_samples(game_source(100), "CH1", start, stop).samples, expected
        )

    def test_a_window_without_a_detector(self):
        source = game_source(100, labels=("CH1 Raw",))
        assert read_samples(source, "CH1", 0, 10).activated is None

    def test_a_channel_that_is_not_there(self):
        with pytest.raises(
            NotFound, match="no EMG channel 'CH3' in this recording; it has CH1, CH2"
        ):
            read_samples(game_source(100), "CH3", 0, 10)

    def test_named_channels_and_recovery(self):
        source = other(parameters={"ANALOG:UNITS": ABSENT})
        found = read_samples(source, "A2", 3, 9, emg_labels=["A2"]).samples
        np.testing.assert_array_equal(found, SECONDS_2[:, :, 1].reshape(-1)[3:9])
        half = BytesSource(game_source(100).read(0, 1536 + 496 * 50))
        assert read_samples(half, "CH1", 0, 9999, recover=True).samples.size == 1500


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("Ghostly_Emg_20230321_17-23-09-0409.c3d", "2023-03-21T17:23:09.409"),
        ("P042/ghostly_emg_20240304_10-05-56-883.C3D", "2024-03-04T10:05:56.883"),
        ("Ghostly_Emg_20231321_17-23-09-0409.c3d", None),
        ("Ghostly_Emg_20230321_17-23-09-1409.c3d", None),
        ("Ghostly_Emg_20230321_17-23-09-0409.c3d.exe", None),
        ("walking.c3d", None),
    ],
)
def test_the_name_tells_the_start_to_the_millisecond(name, start):
    expected = datetime.fromisoformat(start) if start else None
    assert parse_upload_name(name) == expected

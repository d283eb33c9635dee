"""Real files: GHOSTLY recordings, public files of other systems, files that bring ezc3d down."""

import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from myograph.c3d.reader import C3DFile
from myograph.c3d.recording import parse_upload_name, read_facts, read_recording, read_samples
from myograph.c3d.source import BytesSource, FileSource
from myograph.c3d.write import GameSession, ghostly_bytes, unfinalised_ghostly_bytes
from myograph.errors import EmptyFile, MyographError, Truncated, Unfinalised
from tests.c3d.oracle import readings

pytestmark = pytest.mark.recordings

UNFINISHED = "Ghostly_Emg_20240304_10-05-56-0883.c3d"

# What ezc3d 1.7.2 refuses though it can be read, or reads wrongly without saying so.
EZC3D_REFUSES = {
    "others__badParameterOffset.c3d",  # one next-offset is wrong
    "others__mocap36.c3d",  # a description length is missing
}
EZC3D_IS_WRONG = {
    # ANALOG:RATE is absent: it takes 0 samples a frame, and so all frames from the wrong places
    "others__561xxa01_anonym.C3D",
    # FORMAT is UNSIGNED: it reads OFFSET 32613 to 32835 as negative where it passes 32767
    "others__shd01.c3d",
}


def c3d_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("**/*") if path.suffix.lower() == ".c3d")


def opened(path: Path) -> C3DFile:
    return C3DFile.open(FileSource(path))


def values_of(parameters):
    return {
        (group, name): parameter.section[parameter.start : parameter.stop]
        for group, members in parameters.groups.items()
        for name, parameter in members.items()
    }


class TestOtherSystems:
    def test_every_file_reads_as_ezc3d_reads_it(self, recordings, tmp_path):
        paths = [p for p in c3d_files(recordings / "c3d") if p.parent.name != "synthetic"]
        paths += [p for p in c3d_files(recordings / "ghostly") if p.name != UNFINISHED]
        compared = 0
        for path, oracle in readings(paths, tmp_path).items():
            if not path.stat().st_size:
                with pytest.raises(EmptyFile):
                    opened(path)
            elif path.name in EZC3D_REFUSES:
                assert oracle.error
                assert np.isfinite(opened(path).points()).any(), path
            elif path.name in EZC3D_IS_WRONG:
                assert not self._equal(path, oracle), f"ezc3d has learnt to read {path.name}"
            else:
                assert self._equal(path, oracle), path
                compared += 1
        assert compared > 60

    @staticmethod
    def _equal(path, oracle):
        """Within 3e-8 of a channel's largest value: ezc3d subtracts offsets in float32."""
        file = opened(path)
        points, analogs = file.points()[:, :, :3], file.analogs()
        if points.size and not np.array_equal(points, oracle.points, equal_nan=True):
            return False
        if not analogs.size:
            return not oracle.analogs.size
        slack = 3e-8 * np.abs(analogs).max(axis=1, keepdims=True)
        same = analogs.shape == oracle.analogs.shape
        return same and bool((np.abs(analogs - oracle.analogs) <= slack).all())

    def test_files_made_with_their_truth_match_it(self, recordings):
        truths = sorted((recordings / "c3d" / "synthetic").glob("*.truth.npz"))
        assert len(truths) > 25
        for path in truths:
            name = path.name.removesuffix(".truth.npz")
            truth = np.load(path)["a"]
            found = opened(path.with_name(f"{name}.c3d")).analogs()
            if name == "truncated_data":  # the part that exists
                truth = truth[:, : found.shape[1]]
                assert found.shape[1] == 142 * 5
            if name == "long_65535_only":  # up to one block of padding counts as frames
                assert 0 <= found.shape[1] - truth.shape[1] < 512
                found = found[:, : truth.shape[1]]
            np.testing.assert_allclose(found, truth, rtol=3e-8, atol=0, err_msg=name)

    def test_a_cut_leaves_all_parameters_or_none(self, recordings):
        refused = 0
        for path in c3d_files(recordings / "c3d"):
            data = path.read_bytes()[: 1 << 17]
            whole = opened(path).parameters if data else None
            for size in range(512, min(len(data), 6000), 61):
                try:
                    cut = C3DFile.open(BytesSource(data[:size])).parameters
                except MyographError:
                    refused += 1
                else:
                    assert values_of(cut) == values_of(whole), (path, size)
        assert refused > 2000

    def test_events_lie_in_their_recordings(self, recordings):
        counted = 0
        for path in c3d_files(recordings / "c3d"):
            if not path.stat().st_size:
                continue
            file = opened(path)
            if not file.layout.frame_rate_hz:
                continue
            end_s = (file.layout.frames + 2) / file.layout.frame_rate_hz
            times_s = [event.time_s for event in file.events]
            assert all(-0.1 <= time_s <= end_s for time_s in times_s), path
            counted += len(times_s)
        assert counted > 100

    def test_a_file_cut_short_is_refused_and_recovered(self, recordings):
        path = recordings / "c3d" / "pyomeca" / "test__data__markers_and_analogs.c3d"
        half = BytesSource(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(Truncated, match="breaks off"):
            read_recording(half)
        assert 2 < read_recording(half, recover=True).facts.duration_s < 4

    def test_no_metadata_take_more_than_two_reads(self, recordings):
        reads = [len(list(_reads(path))) for path in c3d_files(recordings / "c3d")]
        assert max(reads) == 2
        assert sum(count <= 1 for count in reads) > 0.7 * len(reads)


def _reads(path: Path) -> Iterator[tuple[int, int]]:
    made = []

    class Watched(BytesSource):
        def read(self, offset, length):
            made.append((offset, length))
            return super().read(offset, length)

    with suppress(MyographError):
        C3DFile.open(Watched(path.read_bytes()))
    yield from made


class TestHostile:
    def test_each_is_refused_with_a_sentence_or_read_in_a_few_megabytes(self, recordings):
        paths = c3d_files(recordings / "c3d_hostile")
        assert len(paths) > 25
        for path in paths:
            source = BytesSource(path.read_bytes())
            tracemalloc.start()
            try:
                self._read_all(source)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert peak < 4e6, path

    @staticmethod
    def _read_all(source):
        for read in (
            read_facts,
            lambda source: read_recording(source, recover=True).channels[0],
            lambda source: C3DFile.open(source).analogs(),
            lambda source: C3DFile.open(source).points(),
            lambda source: C3DFile.open(source).events,
        ):
            try:
                read(source)
            except MyographError as error:
                assert error.sentence.endswith(".")  # noqa: PT017 - reading it is as good


class TestGhostly:
    TABLE = (
        # name, bytes, samples, INFO.DURATION, score, level, INFO.TIME
        ("20230321_17-23-09-0409", 1_229_632, 74_280, 74, 24, 2, "2023-03-21T17:23:00"),
        ("20230321_17-33-14-0785", 2_031_168, 122_760, 122, 12, 1, "2023-03-21T17:33:00"),
        ("20230321_17-50-17-0881", 2_867_920, 173_370, 173, 12, 1, "2023-03-21T17:50:00"),
        ("20231004_13-18-43-0464", 1_047_104, 63_240, 62, 26, 61, "2023-10-04T13:18:00"),
        ("20250310_11-46-23-0823", 1_045_616, 63_150, 63, 29, 1, "2025-03-10T11:46:00"),
    )

    @pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
    def test_facts(self, recordings, row):
        name, size, samples, seconds, score, level, start = row
        source = FileSource(recordings / "ghostly" / f"Ghostly_Emg_{name}.c3d")
        facts = read_facts(source)
        assert (facts.size_bytes, facts.sample_count) == (size, samples)
        assert facts.frame_count == (size - 1536) // 496
        assert facts.emg_labels == ("CH1", "CH2")
        assert (facts.rate.original_hz, facts.rate.used_hz, facts.rate.assumed) == (
            990,
            1000,
            False,
        )
        game = facts.game
        assert (game.duration_seconds, game.score, game.level) == (seconds, score, level)
        assert game.start.isoformat() == start
        assert (game.system, game.name) == ("OpenFeasyo", "Ghostly")
        assert game.player is game.therapist is game.group is game.level_name is None
        disagrees = "duration_disagrees" in [finding.code for finding in facts.findings]
        assert disagrees == (seconds != samples // 1000)

    def test_the_name_agrees_with_the_file(self, recordings):
        for path in c3d_files(recordings / "ghostly"):
            start = parse_upload_name(path.name)
            game = read_facts(FileSource(path)).game
            assert start.replace(second=0, microsecond=0) == game.start

    def test_the_unfinished_one_is_refused_and_recovered(self, recordings):
        source = FileSource(recordings / "ghostly" / UNFINISHED)
        with pytest.raises(Unfinalised, match=r"141\.9 seconds of signal can be recovered"):
            read_recording(source)
        recording = read_recording(source, recover=True)
        assert recording.facts.recovered
        assert recording.facts.frame_count == 4731
        game = recording.facts.game
        assert (game.score, game.level, game.duration_seconds) == (None, None, None)
        for channel in recording.channels:
            assert 1e-6 < np.std(channel.samples) < 5.5e-3

    def test_the_adc_limits_every_sample_and_marks_the_drop_outs(self, recordings):
        source = FileSource(recordings / "ghostly" / "Ghostly_Emg_20230321_17-33-14-0785.c3d")
        recording = read_recording(source)
        first, _ = recording.channels
        lowest = first.samples == first.samples.min()
        assert first.samples.min() == pytest.approx(-5.500084e-3, abs=1e-9)
        assert np.count_nonzero(lowest) == 2 * 270
        part = read_samples(source, "CH1", 77_000, 80_000)
        np.testing.assert_array_equal(part.samples, first.samples[77_000:80_000])

    def test_written_again_they_are_the_same_bytes(self, recordings):
        for path in c3d_files(recordings / "ghostly"):
            source = FileSource(path)
            file = C3DFile.open(source).with_all_frames()
            game = read_facts(source).game
            session = GameSession(
                game.start,
                score=game.score or 0,
                level=-1 if game.level is None else game.level,
                duration_s=game.duration_seconds,
            )
            channels = dict(zip(file.labels, file.analogs(), strict=True))
            write = unfinalised_ghostly_bytes if path.name == UNFINISHED else ghostly_bytes
            written = write(session, channels, positions=file.points()[:, 0])
            whole = 1536 + 496 * file.layout.frames
            assert written[:whole] == source.read(0, whole), path
            assert len(written) == source.size

"""TensorBoard's event files: every sound record of every writer, read as it was written, and once."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
import pytest
from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st

import tracker
from tracker.foreign import protos, records, scalar_events
from tracker.foreign.event_files import Copied, EventFileCopy
from tracker.foreign.importer import import_logs
from tracker.foreign.record_bodies import Bodies
from tracker.foreign.records import RecordFile, framed
from tracker.store.read.run import KINDS


def event(wall_time: float = 1.0, step: int = 0, **fields: Any) -> bytes:
    """An event's bytes; tag=, simple_value= make a summary of one value."""
    made = protos.Event(wall_time=wall_time, step=step)
    if "tag" in fields:
        made.summary.value.add(tag=fields["tag"].encode(), simple_value=fields["simple_value"])
    if "start" in fields:
        made.session_log.status = protos.SESSION_START
    return bytes(made.SerializeToString())


def write(path: Path, *bodies: bytes, mode: str = "wb") -> Path:
    """An event file of these records."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open(mode) as file:
        file.write(b"".join(map(framed, bodies)))
    return path


def copied(path: Path, logdir: Path, run: str = "a") -> Copied:
    """One look at a file, from a process that then ends."""
    copy = EventFileCopy(path, logdir / run, run)
    try:
        return copy.update()
    finally:
        copy.close()


def read_all(path: Path) -> tuple[list[bytes], RecordFile]:
    """Every sound record of a file."""
    file = RecordFile(path)
    return [body for bodies in file.read() for body in bodies], file


def test_every_sound_file_agrees_tag_by_tag(real_data: Path, logdir: Path) -> None:
    """54 files of a dozen writers against what tensorboard's own classes find in them."""
    expected = json.loads((real_data / "expected.json").read_text())
    sound = {name: wanted for name, wanted in expected.items() if name.startswith("events/")}
    assert len(sound) == 54
    for number, (name, wanted) in enumerate(sound.items()):
        found = copied(real_data / name, logdir, str(number))
        without = [
            tag
            for tag, about in wanted["tags"].items()
            if about["value"] == "no_value" and about["plugin"] != "hparams"
        ]
        assert found.warnings == [f"1 values of {tag!r}: they have no content" for tag in without], name
        if not (wanted["tags"] or wanted["graphs"] or wanted["other_events"]):
            assert not found.added
            continue
        agrees(tracker.open(logdir).run(str(number)), wanted, without, name)


def agrees(run: Any, wanted: dict[str, Any], without: list[str], name: str) -> None:
    """That a run holds what a file does."""
    # The parts of a mesh, each a tag of TensorBoard's, are one mesh here.
    named = {tag: tag.rpartition("_")[0] if about["plugin"] == "mesh" else tag for tag, about in wanted["tags"].items()}
    kinds = {tag: kind for kind in KINDS for tag in run.tags(kind) if tag in named.values()}
    assert sorted([*kinds, *without]) == sorted(set(named.values())), name
    for written, about in wanted["tags"].items():
        tag = named[written]
        if tag in without:
            continue
        if "scalar" in about:
            assert kinds[tag] == "scalar"
            points = run.scalars(tag)
            finite = points.value[np.isfinite(points.value)]
            steps, values = points.step.tolist(), points.value.tolist()
            assert (steps[0], steps[-1], min(steps), max(steps)) == tuple(
                about[f"{end}_step"] for end in ("first", "last", "min", "max")
            )
            assert len(points) == about["points"]
            assert (values[0], values[-1]) == pytest.approx(
                (about["scalar"]["first"], about["scalar"]["last"]), rel=1e-12, nan_ok=True
            )
            assert len(values) - len(finite) == about["scalar"]["nonfinite"]
            assert math.fsum(finite) == pytest.approx(about["scalar"]["sum_finite"], rel=1e-9)
            continue
        if "histogram_num_total" in about:
            found = run.histograms(tag)
            assert (len(found), sum(each.total for each in found)) == (about["points"], about["histogram_num_total"])
            assert all(each.counts.sum() == each.total for each in found)
            continue
        items = run.media(kinds[tag], tag)
        assert (items[0].step, items[-1].step) == (about["first_step"], about["last_step"]), (name, tag)
        assert len({(item.step, item.wall_time) for item in items}) == about["points"], (name, tag)
        if "image_size" in about:
            assert [items[0].attributes["width"], items[0].attributes["height"]] in (
                about["image_size"],
                about["image_size"][::-1],
            )
            assert items[0].array.shape[:2] == (items[0].attributes["height"], items[0].attributes["width"])
        if "audio" in about:
            known = items[0].attributes
            assert (known["sample_rate"], known["frames"]) == (about["audio"]["sample_rate"], about["audio"]["frames"])
            assert items[0].data[:4] == b"RIFF"
    graphs = [each.attributes for each in run.media("graph", "graph")] if wanted["graphs"] else []
    assert [(each["nodes"], each["edges"] + each.get("dangling", 0)) for each in graphs] == [
        (each["nodes"], each["edges"]) for each in wanted["graphs"]
    ]


DAMAGED = {
    "cut_in_last_record": (20, "ends inside a record"),
    "cut_in_header": (20, "ends inside the head"),
    "flipped_byte_in_record_10": (20, "checksum of a record is wrong"),
    "bad_length_checksum_in_record_12": (20, "checksum of a record's length"),
    "zero_padded_tail": (21, "512 bytes at the end"),
    "random_tail": (21, "300 bytes at the end"),
    "claims_one_terabyte": (21, "claims to be 1,099,511,627,776 bytes"),
    "valid_checksum_unparsable_body": (22, "1 records that are no event"),
    "wall_time_only_25_bytes": (1, None),
    "file_version_only": (1, None),
    "empty": (0, None),
    "lfs_pointer": (0, "git lfs pull"),
}
"""Sound records of each damaged file, and words of what must be said."""


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_gives_all_that_is_sound(real_data: Path, logdir: Path, name: str) -> None:
    """Before the damage and after it, and a sentence on what was met."""
    (path,) = (real_data / "corrupt" / name).iterdir()
    count, words = DAMAGED[name]
    assert len(read_all(path)[0]) == count
    said = copied(path, logdir).warnings
    assert (words is None) == (not said)
    assert words is None or words in " ".join(said)


def test_the_collection_of_damaged_files_is_covered(real_data: Path) -> None:
    """None was added that no test looks at."""
    assert {path.name for path in (real_data / "corrupt").iterdir()} == set(DAMAGED)


def test_one_damaged_file_does_not_stop_the_others(real_data: Path, logdir: Path) -> None:
    """All of them at once."""
    done = list(import_logs(real_data / "corrupt", logdir))
    assert len(done) == 12
    assert sum(each.added["scalar"] for each in done) == 19 * 4 + 20 * 4
    assert not any(each.failed for each in done)


def test_a_length_of_a_terabyte_takes_no_memory(tmp_path: Path) -> None:
    """With a right checksum; what follows is found."""
    import resource

    length = struct.pack("<Q", 1 << 40)
    claim = length + struct.pack("<I", records.masked_crc(length))
    path = tmp_path / "tfevents"
    path.write_bytes(framed(b"a" * 30) + claim + framed(b"b" * 30))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    bodies, file = read_all(path)
    assert bodies == [b"a" * 30, b"b" * 30]
    assert [(each.offset, each.n_bytes) for each in file.damage] == [(46, 12)]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


@examples(60)
@given(st.data())
def test_damage_anywhere_costs_only_what_it_touches(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    """Bytes overwritten, put in or taken out: every record that was not touched is given, in order, in blocks of any size."""
    bodies = [bytes([number]) * data.draw(st.integers(1, 40)) for number in range(8)]
    whole = [framed(body) for body in bodies]
    hurt = data.draw(st.integers(0, 7))
    at = data.draw(st.integers(0, len(whole[hurt]) - 1))
    junk = data.draw(st.binary(max_size=30))
    cut = data.draw(st.integers(0, len(whole[hurt]) - at))
    damaged = whole[hurt][:at] + junk + whole[hurt][at + cut :]
    path = tmp_path_factory.mktemp("x") / "tfevents"
    path.write_bytes(b"".join([*whole[:hurt], damaged, *whole[hurt + 1 :]]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "BLOCK_BYTES", data.draw(st.sampled_from([1, 7, 64, 1 << 20])))
        found, _ = read_all(path)
    others = [body for number, body in enumerate(bodies) if number != hurt]
    assert [body for body in found if body in others] == others
    assert len(found) - len(others) <= 1


def test_a_file_is_followed_as_it_grows_byte_by_byte(tmp_path: Path) -> None:
    """A record is given when its last byte is there, and once."""
    whole = b"".join(framed(bytes([65 + number]) * 20) for number in range(3))
    path = tmp_path / "tfevents"
    path.write_bytes(b"")
    file = RecordFile(path)
    found = []
    for end in range(len(whole) + 1):
        path.write_bytes(whole[:end])
        found += [body for bodies in file.read() for body in bodies]
        assert len(found) == end // 36
        assert bool(file.tail) == bool(end % 36)
    assert file.damage == []


# --- scalars together -------------------------------------------------------------------------------------

steps = st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(0, 300)
tags = st.sampled_from(["loss", "acc", "val/loss", "日本", "a" * 90])


@examples(60)
@given(st.lists(st.tuples(tags, steps, st.floats(0, 2e9), st.floats(width=32)), max_size=80))
@example([("loss", step, 1.5, 0.5) for first in (100, 16_350, 1 << 40) for step in range(first, first + 80)])
def test_scalars_read_together_are_those_read_one_by_one(points: list[tuple[str, int, float, float]]) -> None:
    """For any tags, steps and values in any order; what is no scalar is left for others."""
    bodies = [event(time, step, tag=tag, simple_value=value) for tag, step, time, value in points]
    bodies.insert(len(bodies) // 2, event(1.0, 1))
    found, others = scalar_events.read(Bodies.of(bodies))
    seen: dict[int, tuple[str, int, float, float]] = {}
    for each in found:
        for row in zip(
            each.place.tolist(), each.step.tolist(), each.wall_time.tolist(), each.value.tolist(), strict=True
        ):
            seen[row[0]] = (each.tag, *row[1:])
    for place in others.tolist():
        parsed = protos.Event.FromString(bodies[place])
        if parsed.summary.value:
            one = parsed.summary.value[0]
            seen[place] = (one.tag.decode(), parsed.step, parsed.wall_time, one.simple_value)
    assert repr([seen[place] for place in sorted(seen)]) == repr(points)


@examples(60)
@given(st.lists(st.sampled_from([b"", b"a", b"b" * 37, b"c" * 37, bytes(range(200)), b"d" * 2000]), max_size=60))
def test_bodies_are_those_that_were_given_and_so_are_their_checksums(given: list[bytes]) -> None:
    """Of many of one length, which are computed together, and of few, short and long ones."""
    bodies = Bodies.of(given)
    assert [*bodies] == given
    assert [*bodies[3:-2]] == given[3:-2]
    assert bodies.checksums().tolist() == [google_crc32c.value(each) for each in given]
    places = [place for _, each in bodies.by_length() for place in each.tolist()]
    assert sorted(places) == [*range(len(given))]


@pytest.mark.parametrize("place", [0, 1, 2500, 4999])
def test_a_byte_that_was_flipped_among_many_costs_its_record(tmp_path: Path, place: int) -> None:
    records = [framed(event(1.0, step, tag="loss", simple_value=step)) for step in range(5000)]
    broken = bytearray(b"".join(records))
    broken[sum(map(len, records[:place])) + 20] ^= 1
    path = tmp_path / "tfevents.1"
    path.write_bytes(broken)
    found, file = read_all(path)
    assert len(found) == 4999
    assert (len(file.damage), bool(file.tail)) == ((0, True) if place == 4999 else (1, False))


def test_long_files_are_read_together(tmp_path: Path) -> None:
    """Few events go the slow way, however many tags there are."""
    bodies = [event(1.0, step, tag=f"layer.{step % 50:02}", simple_value=step) for step in range(5000)]
    _, others = scalar_events.read(Bodies.of(bodies))
    assert len(others) < 200


# --- into runs --------------------------------------------------------------------------------------------


def test_importing_twice_adds_nothing_and_growth_exactly_itself(tmp_path: Path, logdir: Path) -> None:
    """By its receipt, which stands in the same transaction as the points."""
    path = write(tmp_path / "tfevents.1", *(event(1.0 + step, step, tag="x", simple_value=step) for step in range(100)))
    assert copied(path, logdir).added == {"scalar": 100}
    assert not copied(path, logdir).added
    write(path, *(event(101.0 + step, 100 + step, tag="x", simple_value=100 + step) for step in range(7)), mode="ab")
    assert copied(path, logdir).added == {"scalar": 7}
    points = tracker.open(logdir).run("a").scalars("x")
    assert points.step.tolist() == points.value.tolist() == list(range(107))
    assert tracker.open(logdir).run("a").status == "finished"


def test_a_file_replaced_by_another_of_its_name_is_another_source(tmp_path: Path, logdir: Path) -> None:
    """As when a training is started anew in its folder."""
    path = write(tmp_path / "tfevents", event(1.0, 0, tag="x", simple_value=1.0))
    copied(path, logdir)
    write(path, event(2.0, 0, tag="x", simple_value=2.0))
    assert copied(path, logdir).added == {"scalar": 1}
    assert tracker.open(logdir).run("a").scalars("x").value.tolist() == [1.0, 2.0]


def test_a_file_that_shrank_is_refused_in_a_sentence(tmp_path: Path, logdir: Path) -> None:
    """And what was read of it stays."""
    path = write(tmp_path / "tfevents", *(event(1.0, step, tag="x", simple_value=1.0) for step in range(9)))
    copied(path, logdir)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(OSError, match="shorter"):
        copied(path, logdir)
    assert len(tracker.open(logdir).run("a").scalars("x")) == 9


@pytest.mark.parametrize("files", [1, 2])
def test_a_restart_leaves_later_points_behind_and_keeps_them(tmp_path: Path, logdir: Path, files: int) -> None:
    """purge_step: in the middle of a file, or in a file of its own as PyTorch writes it."""
    first = [event(1.0 + step, step, tag="x", simple_value=step) for step in range(10)]
    second = [
        event(20.0, 6, start=True),
        *(event(20.0 + step, step, tag="x", simple_value=100 + step) for step in range(6, 9)),
    ]
    if files == 1:
        copied(write(tmp_path / "tfevents", *first, *second), logdir)
    else:
        copied(write(tmp_path / "tfevents.1", *first), logdir)
        copied(write(tmp_path / "tfevents.2", *second), logdir)
    run = tracker.open(logdir).run("a")
    assert run.scalars("x").value.tolist() == [0, 1, 2, 3, 4, 5, 106, 107, 108]
    assert run.scalars("x", abandoned=True).value.tolist() == [6, 7, 8, 9]


def test_what_a_tags_first_event_says_of_its_plugin_holds_after_a_pause(tmp_path: Path, logdir: Path) -> None:
    """Writers say it once; an import that goes on later must know it."""

    def text(said: str, named: bool) -> bytes:
        made = protos.Event(wall_time=1.0)
        value = made.summary.value.add(tag=b"note")
        value.tensor.dtype = 7
        value.tensor.string_val.append(said.encode())
        if named:
            value.metadata.plugin_data.plugin_name = b"text"
        return bytes(made.SerializeToString())

    path = write(tmp_path / "tfevents", text("one", True))
    copied(path, logdir)
    write(path, text("two", False), mode="ab")
    copied(path, logdir)
    assert [item.text for item in tracker.open(logdir).run("a").text("note")] == ["one", "two"]


def test_histograms_keep_the_edges_that_were_given(real_data: Path, logdir: Path) -> None:
    """Bins of another program are stored as they are; quantiles and merging work all the same."""
    (path,) = (real_data / "events" / "torch_digits").iterdir()
    copied(path, logdir)
    run = tracker.open(logdir).run("a")
    tag = run.tags("histogram")[0]
    found = run.histograms(tag)
    written = [
        value.histo
        for body in read_all(path)[0]
        for value in protos.Event.FromString(body).summary.value
        if value.tag.decode() == tag
    ]
    for ours, theirs in zip(found, written, strict=True):
        assert ours.edges[1:].tolist() == list(theirs.bucket_limit)
        assert ours.counts.tolist() == [round(count) for count in theirs.bucket]
        assert (ours.min, ours.max) == (theirs.min, theirs.max)
        assert ours.min <= ours.quantile(0.5) <= ours.max
    assert found.merge().total == sum(round(theirs.num) for theirs in written)


def test_hyperparameters_become_the_configuration(real_data: Path, logdir: Path) -> None:
    """Of Keras' and of PyTorch's writer."""
    list(import_logs(real_data / "events" / "keras_hparams", logdir))
    assert tracker.open(logdir).run("run-1").config == {"optimizer": "sgd", "dropout": 0.1, "num_units": 16}
    experiment = tracker.open(logdir).run("keras_hparams").media("hparams", "_hparams_/experiment")[0]
    assert json.loads(experiment.text)["experiment"]["metrics"]


def test_what_is_no_log_is_named(tmp_path: Path, logdir: Path) -> None:
    """With what would be understood."""
    (tmp_path / "x.bin").write_bytes(b"\0\1\2")
    with pytest.raises(tracker.errors.LogdirError, match="event files"):
        list(import_logs(tmp_path / "x.bin", logdir))
    with pytest.raises(FileNotFoundError):
        list(import_logs(tmp_path / "nothing", logdir))

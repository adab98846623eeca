"""The machine beside a run: sampled without moving the training, described without its secrets."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker import errors
from tracker.machine import environment, redaction, sampler
from tracker.machine import gpus as gpus_module
from tracker.machine.gpus import Gpus
from tracker.machine.meter import Meter

EVERYWHERE = {
    "machine/cpu_percent",
    "machine/process/cpu_percent",
    "machine/memory_percent",
    "machine/process/memory_bytes",
}


def wait_for(condition: Callable[[], bool], timeout: float = 60.0) -> None:
    """Until it is so, or the test fails."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "still not so"
        time.sleep(0.02)


def sampled(logdir: Path, name: str) -> list[str]:
    """The machine tags that a run has so far."""
    return [tag for tag in tracker.open(logdir).run(name).tags("scalar") if tag.startswith("machine/")]


def samplers() -> list[threading.Thread]:
    """The threads that read the machine: of a run that has ended one may be at its last reading still."""
    return [thread for thread in threading.enumerate() if "machine" in thread.name]


def test_a_run_is_sampled_at_the_step_where_it_stands(logdir: Path) -> None:
    """Readings have the training's step and their own time, and do not move the step counter."""
    with tracker.init(logdir=logdir, name="a", machine=0.1) as run:
        for step in (10, 11, 12):
            run.log({"x": 1.0}, step=step)
        run.flush()
        wait_for(lambda: run.flush() and set(sampled(logdir, "a")) >= EVERYWHERE)
        run.log({"x": 2.0})
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("x").step.tolist() == [10, 11, 12, 13]
    readings = stored.scalars("machine/cpu_percent")
    assert set(readings.step.tolist()) <= {10, 11, 12, 13}
    assert ((readings.value >= 0) & (readings.value <= 100)).all()
    assert stored.scalars("machine/process/memory_bytes").value.min() > 1e6


def test_a_run_of_a_moment_knows_its_environment_and_reads_no_counter(
    logdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep may begin and end one every few milliseconds; counters take as long as all that one of them stores."""
    made: list[Path] = []
    monkeypatch.setattr(sampler, "Meter", lambda folder, gpus: (made.append(folder), Meter(folder, gpus))[1])
    monkeypatch.setattr(sampler, "SETTLED_S", 3600.0)
    with tracker.init(logdir=logdir, name="a", machine=0.1) as run:
        wait_for(lambda: run.flush() and "packages" in tracker.open(logdir).run("a").environment()[0])
        time.sleep(0.3)  # two readings and more, if it were measured
    assert made == []
    monkeypatch.undo()
    with tracker.init(logdir=logdir, name="b", machine=0.1) as run:
        wait_for(lambda: run.flush() and bool(sampled(logdir, "b")))


def test_nothing_is_read_when_it_is_not_wanted(logdir: Path) -> None:
    """machine=False starts no thread and stores nothing."""
    before = set(samplers())
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        run.log({"x": 1.0})
        assert set(samplers()) <= before
    stored = tracker.open(logdir).run("a")
    assert stored.tags() == ["x"]
    assert "packages" not in stored.environment()[0]


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), "often", None])
def test_a_wrong_interval_is_refused_before_anything_is_made(logdir: Path, wrong: Any) -> None:
    """On the caller's line, with what was expected."""
    with pytest.raises(errors.LoggedValueError, match="machine says how often"):
        tracker.init(logdir=logdir, name="a", machine=wrong)
    assert list(logdir.iterdir()) == []


def test_the_thread_ends_with_the_run(logdir: Path) -> None:
    """finish() leaves nothing behind, however long the interval."""
    before = set(samplers())
    run = tracker.init(logdir=logdir, name="a", machine=3600)
    assert set(samplers()) - before
    run.finish()
    wait_for(lambda: not set(samplers()) - before)


def test_a_resumed_run_counts_on_from_its_training_and_not_from_its_machine(logdir: Path) -> None:
    """A run that was sampled before its first step begins at step 0."""
    run = tracker.init(logdir=logdir, name="a", machine=0.1)
    wait_for(lambda: run.flush() and bool(sampled(logdir, "a")))
    run.finish()
    with tracker.init(logdir=logdir, name="a", resume="must", machine=False) as run:
        run.log({"x": 1.0})
    assert tracker.open(logdir).run("a").scalars("x").step.tolist() == [0]


def test_ranks_are_told_apart(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process of a distributed training has curves of its own."""
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "4")
    with tracker.init(logdir=logdir, name="a", machine=0.1) as run:
        wait_for(lambda: run.flush() and bool(sampled(logdir, "a")))
    assert {tag.split("/")[1] for tag in sampled(logdir, "a")} == {"rank3"}
    assert tracker.open(logdir).run("a").environment()[0]["rank"] == 3


def test_a_reading_that_fails_costs_the_training_nothing(
    logdir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Said once, and the run goes on."""

    def fail(self: Meter) -> dict[str, float]:
        raise RuntimeError("the system is odd")

    monkeypatch.setattr(Meter, "read", fail)
    with tracker.init(logdir=logdir, name="a", machine=0.1) as run:
        wait_for(lambda: "the system is odd" in caplog.text)
        run.log({"x": 1.0})
    assert caplog.text.count("the system is odd") == 1
    assert tracker.open(logdir).run("a").scalars("x").value.tolist() == [1.0]


def test_rates_are_differences_of_counters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Per second of the clock; a counter that went back gives no rate."""
    meter = Meter(tmp_path)
    counted = iter(
        [
            {"clock": 12.0, "total": 8.0, "idle": 2.0, "process": 5.0, "disk/read": 3000.0, "network/sent": 10.0},
            {"clock": 13.0, "total": 8.0, "idle": 2.0, "process": 5.0, "disk/read": 100.0, "network/sent": 10.0},
        ]
    )
    meter._before = {
        "clock": 10.0,
        "total": 4.0,
        "idle": 1.0,
        "process": 4.0,
        "disk/read": 1000.0,
        "network/sent": 10.0,
    }
    monkeypatch.setattr(meter, "_counters", lambda: next(counted))
    first, second = meter.read(), meter.read()
    assert first["machine/cpu_percent"] == 75
    assert first["machine/process/cpu_percent"] == 50
    assert first["machine/disk/read_bytes_per_s"] == 1000
    assert first["machine/network/sent_bytes_per_s"] == 0
    assert "machine/cpu_percent" not in second  # no time passed for the processor
    assert "machine/disk/read_bytes_per_s" not in second


def nvml() -> types.ModuleType:
    """NVIDIA's library as far as it is asked: two GPUs, the second of which tells little."""
    module: Any = types.ModuleType("pynvml")

    class NVMLError(Exception):
        pass

    def power(handle: int) -> int:
        if handle:
            raise NVMLError("not supported")
        return 250_000

    module.NVMLError = NVMLError
    module.NVML_TEMPERATURE_GPU = 0
    module.calls = []
    module.nvmlInit = lambda: module.calls.append("init")
    module.nvmlShutdown = lambda: module.calls.append("shutdown")
    module.nvmlDeviceGetCount = lambda: 2
    module.nvmlDeviceGetHandleByIndex = lambda i: i
    module.nvmlDeviceGetName = lambda handle: b"NVIDIA A" if handle else "NVIDIA B"
    module.nvmlDeviceGetUtilizationRates = lambda handle: types.SimpleNamespace(gpu=93)
    module.nvmlDeviceGetMemoryInfo = lambda handle: types.SimpleNamespace(used=20e9, total=80e9)
    module.nvmlDeviceGetPowerUsage = power
    module.nvmlDeviceGetTemperature = lambda handle, kind: 61
    return module


def test_gpus_are_read_where_the_driver_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one does not tell is left out; the driver is let go of once. (No GPU here: NVML is stood in for.)"""
    module: Any = nvml()
    monkeypatch.setitem(sys.modules, "pynvml", module)
    gpus = Gpus()
    found = gpus.read()
    assert found["gpu0/utilization_percent"] == 93
    assert found["gpu0/memory_percent"] == 25
    assert found["gpu0/power_watts"] == 250
    assert "gpu1/power_watts" not in found
    assert found["gpu1/temperature_celsius"] == 61
    assert [each["name"] for each in gpus.describe()] == ["NVIDIA B", "NVIDIA A"]
    gpus.close()
    gpus.close()
    assert module.calls == ["init", "shutdown"]
    assert gpus.read() == {}


@pytest.mark.parametrize("absent", [True, False], ids=["no package", "no driver"])
def test_without_nvidia_there_are_no_gpus(monkeypatch: pytest.MonkeyPatch, absent: bool) -> None:
    """No package or no driver: nothing is said and nothing fails."""
    module: Any = None
    if not absent:
        module = nvml()

        def no_driver() -> None:
            raise module.NVMLError("driver not loaded")

        module.nvmlInit = no_driver
    monkeypatch.setitem(sys.modules, "pynvml", module)
    gpus = Gpus()
    assert (gpus.read(), gpus.describe()) == ({}, [])


def test_a_driver_that_is_not_installed_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look takes a millisecond, and a sweep begins thousands of runs in one process."""
    looks: list[str] = []

    def absent(name: str) -> None:
        looks.append(name)
        raise ModuleNotFoundError(name)

    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    monkeypatch.setattr(importlib, "import_module", absent)
    gpus_module._imported.cache_clear()
    try:
        assert [gpus_module.driver() for _ in range(3)] == [None] * 3
    finally:
        gpus_module._imported.cache_clear()
    assert looks == ["pynvml"]


# --- environment ---------------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with one commit and one change."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "train.py").write_text("lr = 0.1\n", encoding="utf-8")
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", "-C", str(folder), *words], check=True)
    (folder / "train.py").write_text("lr = 0.2\napi_key = 'sk-verysecretverysecret'\n", encoding="utf-8")
    return folder


def test_the_commit_is_noted_and_that_files_were_changed(repository: Path, tmp_path: Path) -> None:
    """Outside of a repository there is none."""
    found = environment.git(repository)
    assert found is not None
    assert len(found["commit"]) == 40
    assert (found["branch"], found["changed"]) == ("main", 1)
    assert environment.git(tmp_path) is None


def test_runs_that_begin_together_ask_git_once(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep of thousands; a moment later it is asked anew. Packages are looked for again once one was installed."""
    monkeypatch.chdir(repository)
    monkeypatch.setattr(sys, "argv", ["-c"])
    monkeypatch.syspath_prepend(repository)
    asked = []
    monkeypatch.setattr(environment, "git", lambda folder: asked.append(folder))
    moments = iter([0.0, 1.0, environment.FRESH_S])
    monkeypatch.setattr(environment, "time", types.SimpleNamespace(monotonic=lambda: next(moments)))
    told = []
    for number in range(3):
        (repository / f"one_more{number}-1.0.dist-info").mkdir()
        told.append(json.loads(environment.gather([], command=False, diff=False).items[0].data)["packages"])
    assert len(asked) == 2
    assert [sum(name.startswith("one-more") for name in each) for each in told] == [1, 2, 3]


def run_in(folder: Path, logdir: Path, *words: str, **options: Any) -> dict[str, Any]:
    """The environment that a script in a folder leaves, called with some words."""
    (folder / "run.py").write_text(
        f"import tracker\nrun = tracker.init({str(logdir)!r}, name='a', **{options!r})\nrun.log({{'x': 1.0}})\n"
        "import threading, time\n"
        "while [t for t in threading.enumerate() if 'machine' in t.name] and not run.flush() or 'environment' not in str("
        "[t for t in tracker.open(run.logdir).run('a').tags('environment')]): time.sleep(0.02)\n",
        encoding="utf-8",
    )
    subprocess.run([sys.executable, "run.py", *words], cwd=folder, check=True, timeout=100)
    return dict(tracker.open(logdir).run("a").environment()[0])


def test_by_default_neither_arguments_nor_diff_are_kept(repository: Path, logdir: Path) -> None:
    """They hold secrets."""
    found = run_in(repository, logdir, "--token", "hunter2")
    assert found["git"]["changed"] == 1
    assert found["packages"]["numpy"]
    assert found["memory_bytes"] > 1e8
    assert "hunter2" not in str(found)
    assert not {"command", "diff"} & set(found)


def test_what_was_asked_for_is_kept_without_what_looks_secret(repository: Path, logdir: Path) -> None:
    """Opt-in, and redacted all the same."""
    found = run_in(repository, logdir, "--lr", "0.2", "--token", "hunter2", command=True, diff=True)
    assert found["command"][1:] == ["run.py", "--lr", "0.2", "--token", "[hidden]"]
    assert "+lr = 0.2" in found["diff"]
    assert "verysecret" not in found["diff"]


def test_a_large_diff_is_cut_and_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook's output must not fill the store."""
    (repository / "train.py").write_text("x\n" * 100_000, encoding="utf-8")
    monkeypatch.chdir(repository)
    monkeypatch.setattr(sys, "argv", ["-c"])
    monkeypatch.setattr(environment, "DIFF_BYTES", 5000)
    record = environment.gather([], command=False, diff=True)
    assert len(record.items[1].data) == 5000
    assert record.items[1].attributes["bytes"] > 100_000


SECRETS = [
    "password=hunter2",
    "DB_PASSWORD: hunter2",
    '"api_key": "hunter2"',
    "https://user:hunter2@example.org/x",
    "Authorization: Bearer hunter2hunter2",
    "aws_secret_access_key = hunter2",
    "ghp_hunter2hunter2hunter2hunter2hunter2",
    "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_what_looks_like_a_secret_is_hidden(secret: str) -> None:
    """By name, by shape, in addresses; the words around it stay."""
    hidden = redaction.text(f"before {secret} after")
    assert "hunter2" not in hidden
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["--token", "abc"], ["--token", "[hidden]"]),
        (["--token=abc"], ["--token=[hidden]"]),
        (["--token", "--lr", "1"], ["--token", "--lr", "1"]),
        (["optimizer.lr=0.1", "data/train"], ["optimizer.lr=0.1", "data/train"]),
        (["--tokenizer", "bert"], ["--tokenizer", "[hidden]"]),  # hidden too much rather than too little
    ],
)
def test_the_word_after_a_secret_option_is_hidden(words: list[str], kept: list[str]) -> None:
    """And nothing else of the command line."""
    assert redaction.arguments(words) == kept


def test_a_commit_named_in_a_diff_stays() -> None:
    """Long hexadecimal words may be keys, but those of a diff are its contents' names."""
    line = f"Subproject commit {'a1' * 20}"
    assert redaction.text(line, hashes=False) == line
    assert redaction.text(line) != line

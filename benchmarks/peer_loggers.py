"""Each logger that `peers` measures, as code of a process that may have a Python and packages of its own.

A peer is a text that defines `begin(folder, name)`, `log(values, step)`, `end()` and `stored(folder)`, which counts the
scalars that anybody finds there afterwards.
"""

from __future__ import annotations

PEERS = {
    "everystep": """
import tracker

def begin(folder, name):
    global log
    run = tracker.init(logdir=folder, name=name, machine=False)
    log = run.log
    return run.finish

def stored(folder):
    runs = tracker.open(folder).runs()
    return sum(len(run.scalars(tag)) for run in runs for tag in run.tags("scalar"))
""",
    "SummaryWriter of PyTorch": """
from torch.utils.tensorboard import SummaryWriter

def begin(folder, name):
    global log
    writer = SummaryWriter(f"{folder}/{name}")

    def log(values, step):
        for tag, value in values.items():
            writer.add_scalar(tag, value, step)

    return writer.close

def stored(folder):
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    import pathlib
    files = pathlib.Path(folder).rglob("events.*")
    return sum(len(event.summary.value) for file in files for event in EventFileLoader(str(file)).Load())
""",
    "Trackio": """
import contextlib, io, json, os, pathlib, sqlite3, sys
os.environ["TRACKIO_DIR"] = sys.argv[1]
with contextlib.redirect_stdout(io.StringIO()):
    import trackio

def begin(folder, name):
    global log
    with contextlib.redirect_stdout(io.StringIO()):
        trackio.init(project="p", name=name)
    log = trackio.log

    def end():
        with contextlib.redirect_stdout(io.StringIO()):
            trackio.finish()

    return end

def stored(folder):
    with contextlib.closing(sqlite3.connect(f"{folder}/p.db")) as connection:
        return sum(len(json.loads(row)) for row, in connection.execute("SELECT metrics FROM metrics"))
""",
}
"""By their names."""

TASKS = """
import gc, json, math, os, pathlib, signal, sys, time
folder, task, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
TAGS = [f"train/metric_{number}" for number in range(20)]

def timed(values, calls):
    end = begin(folder, "a")
    log(values, 0)
    took, clock = [], time.perf_counter_ns
    gc.disable()
    for step in range(1, calls):
        began = clock()
        log(values, step)
        took.append(clock() - began)
    gc.enable()
    began = time.perf_counter()
    end()
    took.sort()
    size = sum(each.stat().st_size for each in pathlib.Path(folder).rglob("*") if each.is_file())
    return {"p50": took[len(took) // 2] / 1e3 / len(values), "mean": sum(took) / len(took) / 1e3 / len(values),
            "p99": took[len(took) * 99 // 100] / 1e3 / len(values), "end": time.perf_counter() - began,
            "bytes": size / calls / len(values)}

def runs(how_many, points):
    for number in range(how_many):
        end = begin(folder, f"run-{number:03d}")
        for step in range(points):
            log({tag: math.exp(-step / points) + math.sin(step * (number + 3)) / 20 for tag in TAGS[:5]}, step)
        end()

if task == "one":
    print(json.dumps(timed({"train/loss": 0.5}, count)))
elif task == "twenty":
    print(json.dumps(timed(dict.fromkeys(TAGS, 0.5), count // 20)))
elif task == "short":
    took = []
    for number in range(count + 1):
        began = time.perf_counter()
        end = begin(folder, f"run-{number}")
        log({"train/loss": 0.5}, 0)
        end()
        took.append(time.perf_counter() - began)
    print(json.dumps({"ms": 1e3 * sorted(took[1:])[count // 2]}))
elif task == "killed":
    begin(folder, "a")
    until, step = time.perf_counter() + count, 0
    while time.perf_counter() < until:
        log({"train/loss": 0.5}, step)
        step += 1
        time.sleep(0.001)
    print(step, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
elif task == "stored":
    print(json.dumps({"stored": stored(folder)}))
elif task == "runs":
    runs(count, 1000)
    print("{}")
"""
"""What such a process is asked for: FOLDER TASK COUNT, after one of the peers."""

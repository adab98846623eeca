"""Who follows rules and who is told, both killed at random moments, and what must be true afterwards.

The receiver notes each request that it gets, and then that it has answered it, in one unbuffered write each, which a
kill does not undo: that is the oracle. Now and then it refuses, or says nothing.
"""

from __future__ import annotations

import http.server
import json
import os
import random
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from held_port import held_port
from killed_controls import Mortal

import tracker
from dashboard.alerts import rules_file
from dashboard.alerts.owner_key import key_of_user
from tracker.store.read import alert_file

RUN_CROSSINGS = 250
"""Of one run."""

LONGEST_S = 600.0


def watch(logdir: str, rules: str, cache: str, told: Connection) -> None:
    """`viz watch`, until it is killed."""
    os.environ["XDG_CACHE_HOME"] = cache
    from dashboard.cli import main

    told.send("begun")
    main(["watch", "--logdir", logdir, "--rules", rules])


def receive(port: int, noted: str, seed: int, told: Connection) -> None:
    """Takes what webhooks send, until it is killed."""
    handle = os.open(noted, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    chance = random.Random(seed)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            key = self.headers["idempotency-key"]
            assert key == body["delivery"]
            os.write(handle, b"got %s\n" % key.encode())
            mood = chance.random()
            if mood < 0.03:  # goes away without a word
                return
            self.send_response(503 if mood < 0.08 else 200)
            self.end_headers()
            if mood >= 0.08:
                os.write(handle, b"answered %s\n" % key.encode())

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    class Server(http.server.ThreadingHTTPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", port), Handler) as server:
        told.send("begun")
        server.serve_forever()


class Told(NamedTuple):
    """What became of the crossings."""

    delivered: int
    repeated: int
    """Requests beyond the first of each that was answered with 200: each has the key of the first."""
    lost: int
    requests: int
    kills: int
    """Of who follows the rules."""
    receivers: int

    def __str__(self) -> str:
        return (
            f"{self.kills:,} kills of who tells and {self.receivers:,} of who is told, {self.requests:,} requests: "
            f"{self.delivered:,} delivered, {self.repeated:,} repeated after an answer, {self.lost:,} lost"
        )


def play(folder: Path, crossings: int, seed: int, *, mean_life_s: float = 1.0) -> Told:
    """Has a rule fire so many times while everybody is killed again and again; then counts."""
    with held_port() as port:
        return _played(folder, port, crossings, random.Random(seed), mean_life_s)


def _played(folder: Path, port: int, crossings: int, chance: random.Random, mean_life_s: float) -> Told:
    root, noted, cache = folder / "runs", folder / "noted", os.environ["XDG_CACHE_HOME"]
    root.mkdir()
    file = folder / "rules.json"
    hook = {"kind": "webhook", "url": f"http://127.0.0.1:{port}/hook"}
    file.write_text(json.dumps({"rules": [{"title": "up", "text": "x > 2", "actions": [hook]}]}))
    rules_file.arm(root, key_of_user(), file, rules_file.rules_in(file))
    kills = receivers = logged = 0

    def lives() -> float:
        return chance.expovariate(1 / mean_life_s)

    def watching() -> Mortal:
        return Mortal(watch, (str(root), str(file), cache), 0.5 + lives())

    def receiving() -> Mortal:
        return Mortal(receive, (port, str(noted), chance.randrange(1 << 30)), lives())

    server, receiver = watching(), receiving()
    runs: list[tracker.Run] = []
    ends = time.monotonic() + LONGEST_S
    while time.monotonic() < ends and not (logged == crossings and settled(root, crossings)):
        if logged < crossings:
            if logged % RUN_CROSSINGS == 0:
                runs.append(tracker.init(logdir=root, name=f"r{len(runs)}", machine=False))
            for value in (1.0, 3.0):
                runs[-1].log({"x": value})
            logged += 1
        time.sleep(0.01 if logged < crossings else 0.1)
        if server.must_die():
            server.killed()
            kills += 1
            server = watching()
        if receiver.must_die():
            receiver.killed()
            receivers += 1
            receiver = receiving()
    for each in (server, receiver):
        each.killed()
    for run in runs:
        run.finish()
    return counted(noted, crossings, kills, receivers)


def settled(root: Path, crossings: int) -> bool:
    """Whether all has been told, as far as the one who tells knows."""
    told = alert_file.told(root)
    return sum(each.state == alert_file.DELIVERED for each in told.deliveries) == crossings


def counted(noted: Path, crossings: int, kills: int, receivers: int) -> Told:
    """What the receiver noted."""
    got: Counter[str] = Counter()
    answered: set[str] = set()
    repeated = 0
    for line in noted.read_text().splitlines():
        what, key = line.split()
        if what == "answered":
            answered.add(key)
        else:
            repeated += key in answered
            got[key] += 1
    return Told(len(answered), repeated, crossings - len(answered), sum(got.values()), kills, receivers)

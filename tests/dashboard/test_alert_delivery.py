"""Telling: at least once, never again once acknowledged, by one server only, and to no address that nobody has."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from alert_outbox import KEY, Clock, armed, crossing, hook, outbox, states
from hypothesis import given
from hypothesis import strategies as st
from webhook_receiver import receiving

from dashboard.alerts import kept, message_body, rule, rules_file, webhook
from dashboard.alerts.action import RuleError, told_of
from dashboard.alerts.deliver import NO_COMMANDS, Means
from dashboard.alerts.outbox import LONGEST_PAUSE_S, Outbox, pause_after
from tracker.errors import PageChangeError, StoreError
from tracker.store.read import alert_file
from tracker.store.read.alert_file import BEFORE, DELIVERED, GIVEN_UP, WAITS
from tracker.store.read.reader import Store
from tracker.store.write import alert_file as writing


def test_each_is_told_once_with_a_key_of_its_own(logdir: Path) -> None:
    """What was acknowledged waits no more, also for who comes after a kill; and nobody else may send meanwhile."""
    clock = Clock()
    with receiving() as receiver:
        made = armed(logdir, hook(receiver))
        first = outbox(logdir, clock)
        assert writing.note(logdir, first.holder, kept.PAGE, [(crossing(n), [WAITS]) for n in range(5)]) == [f"{n:032x}" for n in range(5)]  # fmt: skip
        assert writing.note(logdir, first.holder, kept.PAGE, [(crossing(4), [WAITS])]) == []
        other = Outbox(logdir, kept.PAGE, Means(lambda: Store(logdir)), clock)
        assert not other.take()
        assert other.turn({"r": made}) is not None
        assert receiver.got == []
        first.turn({"r": made})
        assert [key for key, _ in receiver.got] == [f"{n:032x}-0" for n in range(5)]
        assert [body["crossing"] for _, body in receiver.got] == [f"{n:032x}" for n in range(5)]
        assert [body["delivery"] for _, body in receiver.got] == [key for key, _ in receiver.got]
        assert states(logdir) == [WAITS] * 5, "it is killed now: only the journal says what was acknowledged"
        first.let_go()
        assert other.take()
        assert other.turn({"r": made}) is None
        assert states(logdir) == [DELIVERED] * 5
        assert len(receiver.got) == 5


def test_who_is_away_is_asked_again_later_and_later(logdir: Path) -> None:
    """One of all that wait for him is tried; what he refuses by itself keeps no other waiting."""
    clock = Clock()
    with receiving(lambda number: [503, 503, None, 400, 200][min(number, 4)]) as receiver:
        made = armed(logdir, hook(receiver))
        sender = outbox(logdir, clock)
        writing.note(logdir, sender.holder, kept.PAGE, [(crossing(n, noted=1_000.0), [WAITS]) for n in range(3)])
        tried, pauses = [], []
        for _ in range(40):
            due = sender.turn({"r": made})
            tried.append(len(receiver.got))
            if due is None:
                break
            pauses.append(due - clock.now)
            clock.now = max(clock.now, due)
        assert due is None
        assert tried[0] == 1
        assert len(receiver.got) == 4 + 3, "two answers of 503, one of none, one refusal, and each once"
        assert states(logdir) == [DELIVERED] * 3
        assert {key for key, _ in receiver.got} == {f"{n:032x}-0" for n in range(3)}
        assert min(each for each in pauses if each > 0) >= 0.125


def test_after_three_days_it_is_given_up(logdir: Path) -> None:
    """And said so; another rule's receiver is not kept waiting by one that is away."""
    clock = Clock()
    with receiving(lambda _: 500) as away, receiving() as there:
        rules = {"r": armed(logdir, hook(away), {"kind": "mark"}), "s": armed(logdir, hook(there), id="s")}
        sender = outbox(logdir, clock)
        writing.note(logdir, sender.holder, kept.PAGE, [(crossing(1, noted=1_000.0), [WAITS, DELIVERED]), (crossing(2, "s", noted=1_000.0), [WAITS])])  # fmt: skip
        sender.turn(rules)
        assert len(there.got) == 1
        sender.turn(rules)
        clock.now += writing.GIVE_UP_S + 1
        assert sender.take()
        sender.turn(rules)
        assert states(logdir) == [DELIVERED, DELIVERED, GIVEN_UP]
        trouble = next(each.trouble for each in alert_file.told(logdir).deliveries if each.state == GIVEN_UP)
        assert trouble == "127.0.0.1 answered 500"


@given(st.integers(1, 500), st.floats(0, 1))
def test_pauses_grow_and_end(failures: int, chance: float) -> None:
    """Whatever chance says."""
    pause = pause_after(failures, chance)
    assert 0.125 <= pause <= LONGEST_PAUSE_S
    assert pause_after(failures + 2, 0.0) >= pause or pause > LONGEST_PAUSE_S / 4


def test_where_it_is_sent_on_to_is_not_followed(logdir: Path) -> None:
    """A redirect is no acknowledgement, and nobody asks what it names."""
    with receiving() as elsewhere, receiving(lambda _: 307, location=elsewhere.url) as receiver:
        outcome = webhook.send(receiver.url, b"{}", "k")
        assert (outcome.trouble, outcome.is_down) == ("127.0.0.1 answered 307", False)
        assert (len(receiver.got), elsewhere.got) == (1, [])


def test_who_asks_for_a_pause_has_it() -> None:
    """Up to an hour."""
    for said, pause in (("7", 7.0), ("99999", 3600.0), ("-1", 0.0), ("١", 0.0), ("soon", 0.0)):
        with receiving(lambda _: 429, **({"retry-after": said} if said.isascii() else {})) as receiver:
            assert webhook.send(receiver.url, b"{}", "k").pause_s == pause


def test_an_answer_that_never_ends_is_cut_off() -> None:
    """A letter at a time would else hold the outbox for days; nor is one that says nothing waited for."""
    for letter in (b"x", b""):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            ended = threading.Event()

            def drip(
                letter: bytes = letter, listening: socket.socket = listening, ended: threading.Event = ended
            ) -> None:
                line, _ = listening.accept()
                with line:
                    while not ended.wait(0.02):
                        try:
                            line.sendall(letter)
                        except OSError:
                            return

            thread = threading.Thread(target=drip, daemon=True)
            thread.start()
            outcome = webhook.send(f"http://127.0.0.1:{listening.getsockname()[1]}/", b"{}", "k", timeout_s=0.3)
            ended.set()
            thread.join()
            assert (outcome.trouble, outcome.is_down) == ("127.0.0.1: took longer than 0.3 s", True)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://x/y", "gopher://x", "javascript:1", "//x/y", "x", "", " http://x", "http://", "http://:80/", "http://a b/", "http://x:0/", "http://x:99999/", "http://x:y/",
     "http://u:p@x/", "http://u@x/", "http://x/\n", "http://x/\r\nhost: y", "http://[::1", "http://é/", "http://x/" + "a" * 3000, None, 3, ["http://x"]],
    ids=range(24),
)  # fmt: skip
def test_what_is_no_address_of_a_webhook_is_refused(url: Any) -> None:
    """When the rule is written, before anything is asked."""
    with pytest.raises(RuleError):
        rule.read("x", {"text": "crash", "actions": [{"kind": "webhook", "url": url}]})


@pytest.mark.parametrize("ip", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1%eth0", "224.0.0.1", "0.0.0.0", "::"], ids=range(6))  # fmt: skip
def test_where_clouds_hand_out_credentials_nothing_is_sent(ip: str) -> None:
    """Whatever name leads there, as it is looked at after it was looked up."""
    with pytest.raises(OSError, match="no webhook has"):
        webhook.check_place(ip)
    webhook.check_place("10.0.0.1")
    webhook.check_place("::1")
    assert "no webhook has" in webhook.send("http://169.254.169.254/latest", b"{}", "k").trouble


def test_no_name_of_a_run_calls_out_a_channel() -> None:
    """Nor is any body long; the address of a webhook, which is a secret, is told by its end."""
    made = rule.read("x", {"text": "crash", "title": "<!channel> & @everyone" * 9})
    said = crossing(3, sentence="<https://x|y>" * 1000, level="error")
    slack = json.loads(message_body.body("slack", made, said, 0))["text"]
    assert "<" not in slack
    assert "&lt;!channel&gt; &amp; @everyone" in slack
    discord = json.loads(message_body.body("discord", made, said, 0))
    assert (discord["allowed_mentions"], len(discord["content"]) <= 2_000) == ({"parse": []}, True)
    told = json.loads(message_body.body("json", made, said, 2))
    assert (told["crossing"], told["delivery"]) == (said.id, f"{said.id}-2")
    (action,) = rule.read("x", {"text": "crash", "actions": [{"kind": "webhook", "url": "https://hooks.slack.com/services/T0/B0/secret1234"}]}).actions  # fmt: skip
    assert told_of(action) == {"kind": "webhook", "url": "https://hooks.slack.com/…1234", "form": "slack"}


def test_a_command_is_started_where_that_is_allowed_and_without_a_shell(logdir: Path) -> None:
    """What happened is its input; one that fails is tried again."""
    said = logdir.parent / "said"
    words = ["sh", "-c", 'cat > "$1"; echo "$VIZ_RUN" >> "$1"; test -e "$1.ok"', "x; touch /nowhere", str(said)]
    clock = Clock()
    made = armed(logdir, {"kind": "command", "words": words})
    sender = outbox(logdir, clock)
    writing.note(logdir, sender.holder, kept.PAGE, [(crossing(1, noted=1_000.0), [WAITS])])
    sender.turn({"r": made})
    sender.turn({"r": made})
    assert not said.exists()
    assert alert_file.told(logdir).deliveries[0].trouble == NO_COMMANDS
    sender.let_go()
    clock.now += 10
    allowed = outbox(logdir, clock, may_command=True)
    allowed.turn({"r": made})
    facts, run = said.read_text().rsplit("}", 1)
    assert (json.loads(facts + "}")["step"], run.strip()) == (1, "a")
    assert states(logdir) == [WAITS]
    Path(f"{said}.ok").touch()
    clock.now += 10
    allowed.turn({"r": made})
    assert allowed.turn({"r": made}) is None
    assert states(logdir) == [DELIVERED]


def test_a_rule_of_a_logdir_of_unknown_origin_is_not_followed(logdir: Path) -> None:
    """It was signed with another key, or changed since: it is shown, and does nothing."""
    armed(logdir, {"kind": "webhook", "url": "http://127.0.0.1:9/"})
    assert [made.id for _, made in kept.followed(logdir, lambda: KEY, kept.PAGE)] == ["r"]
    assert kept.followed(logdir, lambda: b"o" * 32, kept.PAGE) == []
    with sqlite3.connect(alert_file.file_of(logdir)) as connection:
        connection.execute("UPDATE rules SET said=replace(said, '127.0.0.1', '127.0.0.2')")
    connection.close()
    assert kept.followed(logdir, lambda: KEY, kept.PAGE) == []


@pytest.mark.parametrize(
    "harm",
    ["CREATE TRIGGER t AFTER UPDATE ON rules BEGIN DELETE FROM rules; END", "CREATE VIEW v AS SELECT * FROM rules", "UPDATE rules SET said=x'00', version='x'",
     "UPDATE crossings SET step='x', run=NULL", "DROP TABLE deliveries", "UPDATE deliveries SET next_try='soon'"],
    ids=range(6),
)  # fmt: skip
def test_a_file_of_somebody_elses_is_that_files_error(logdir: Path, harm: str) -> None:
    """It is refused as a whole, or what of it is wrong is."""
    made = armed(logdir, {"kind": "mark"})
    sender = outbox(logdir, Clock())
    writing.note(logdir, sender.holder, kept.PAGE, [(crossing(1), [WAITS])])
    with sqlite3.connect(alert_file.file_of(logdir)) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        if "NULL" in harm:
            connection.execute("UPDATE sqlite_master SET sql=replace(sql, 'NOT NULL', '') WHERE name='crossings'")
        connection.commit()
    connection.close()
    connection = sqlite3.connect(alert_file.file_of(logdir))
    connection.execute(harm)
    connection.commit()
    connection.close()

    def read_and_change() -> None:
        alert_file.told(logdir)
        sender.turn({"r": made})

    with pytest.raises((StoreError, PageChangeError)):
        read_and_change()


def test_a_link_in_the_place_of_the_folder_is_not_written_through(logdir: Path) -> None:
    """It may lead to a folder of somebody's choice."""
    elsewhere = logdir.parent / "elsewhere"
    elsewhere.mkdir()
    (logdir / ".alerts").symlink_to(elsewhere)
    with pytest.raises(PageChangeError, match="it is a link"):
        armed(logdir, {"kind": "mark"})
    assert list(elsewhere.iterdir()) == []


def test_what_was_so_before_is_not_told_and_a_change_gives_up_what_waits(logdir: Path) -> None:
    """Crossings that were known when a rule was armed; deliveries of its version before."""
    made = rule.read("r", {"text": "finding", "actions": [{"kind": "mark"}]})
    kept.arm(logdir, KEY, made, kept.PAGE, 0, [crossing(1)])
    assert states(logdir) == [BEFORE]
    sender = outbox(logdir, Clock())
    assert writing.note(logdir, sender.holder, kept.PAGE, [(crossing(1), [WAITS]), (crossing(2), [WAITS])]) == [crossing(2).id]  # fmt: skip
    with pytest.raises(PageChangeError, match="meanwhile"):
        kept.arm(logdir, KEY, made, kept.PAGE, 0)
    assert kept.arm(logdir, KEY, made, kept.PAGE, 1).version == 2
    assert states(logdir) == [GIVEN_UP, BEFORE]
    kept.pause(logdir, "r", True)
    assert kept.followed(logdir, lambda: KEY, kept.PAGE) == []
    kept.remove(logdir, "r")
    assert alert_file.told(logdir) == alert_file.Told()
    with pytest.raises(PageChangeError, match="no such rule"):
        kept.remove(logdir, "r")


def test_when_there_are_many_the_oldest_go_and_never_come_again(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their rule tells nothing of so long ago any more; what waits stays."""
    monkeypatch.setattr(writing, "MOST_KEPT", 20)
    monkeypatch.setattr(writing, "KEPT", 10)
    made = armed(logdir, {"kind": "webhook", "url": "http://127.0.0.1:9/"})
    clock = Clock()
    sender = outbox(logdir, clock)
    late = 9e9
    writing.note(logdir, sender.holder, kept.PAGE, [(crossing(n, wall_time=late + n), [WAITS if n == 0 else DELIVERED]) for n in range(25)])  # fmt: skip
    sender.turn({"r": made})
    told = alert_file.told(logdir)
    assert {each.step for each in told.crossings} == {0, *range(16, 25)}
    assert told.rules[0].since == late + 15


def test_rules_in_a_file_are_armed_as_they_stand_there(logdir: Path) -> None:
    """One that is as it was goes on, one that is gone is let go; what makes no sense is refused with its number."""
    file = logdir.parent / "rules.json"

    def arm(*rules: dict[str, Any]) -> list[tuple[str, int]]:
        file.write_text(json.dumps({"rules": rules}))
        rules_file.arm(logdir, KEY, file, rules_file.rules_in(file))
        return [(json.loads(each.said)["text"], each.version) for each in alert_file.rules(logdir)]

    assert arm({"text": "crash"}, {"text": "x > 2", "title": "up"}) == [("crash", 1), ("x > 2", 1)]
    assert arm({"text": "crash"}, {"text": "x > 3", "title": "up"}) == [("crash", 1), ("x > 3", 2)]
    assert arm({"text": "crash"}) == [("crash", 1)]
    for wrong, words in (({"text": "crash"}, "two rules"), ({"text": "x"}, "rule 2"), ({}, "rule 2"), ({"text": "crash", "what": 1}, "rule 2")):  # fmt: skip
        with pytest.raises(RuleError, match=words):
            arm({"text": "crash"}, wrong)
    for text in ("", "[]", "{", "[" * 100_000, '{"rules": 3}', '{"rules": [' + "1," * 300 + "1]}"):
        file.write_text(text)
        with pytest.raises(RuleError):
            rules_file.rules_in(file)
    toml = file.with_suffix(".toml")
    toml.write_text('[[rules]]\ntext = "silence 3 minutes"\nactions = [{kind = "desktop"}]\n')
    if os.sys.version_info >= (3, 11):  # type: ignore[attr-defined]
        assert [each.text for each in rules_file.rules_in(toml)] == ["silence 3 minutes"]


def test_who_has_no_rules_loads_nothing_that_writes(logdir: Path) -> None:
    """It is half a second of work at the start of a server, in which the first page waits."""
    code = (
        "import sys; from pathlib import Path; from dashboard.alerts.outbox import Outbox; "
        "Outbox(Path(sys.argv[1]), 'page', None).let_go(); print('sqlalchemy' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code, str(logdir)], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"

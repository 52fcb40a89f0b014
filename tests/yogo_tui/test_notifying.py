"""What is told when a run ends, to whom, and what is not."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import pytest

from tests.yogo_tui.fake_session import FakeSession, make_run, see, until
from tests.yogo_tui.terminal import CONSOLE, Terminal, environment
from yogo.run.result import Result
from yogo_tui.app import Console
from yogo_tui.cluster.base import Job, JobId, JobState, Queue
from yogo_tui.errors import SettingsError
from yogo_tui.hosts.here import HereHost
from yogo_tui.questions.announcing import AnnounceEnd, RunEnd, secret_url
from yogo_tui.runs.endings import Endings
from yogo_tui.runs.model import Run, RunState
from yogo_tui.runs.watcher import Runs
from yogo_tui.screens.notifying import sequence
from yogo_tui.settings.parsing import parse

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
END = RunEnd("chaos-cat-0727", "failed", "the loss became NaN", "/lab/trained_models/chaos-cat-0727")


def look(run: Run, minute: int) -> Runs:
    return Runs((run,), Queue(seen_at=AT + timedelta(minutes=minute)))


def names(endings: Endings, *looks: Runs) -> list[str]:
    return [run.name for one in looks for run in endings.since(one)]


def test_a_run_that_ends_while_the_console_is_open_is_told_once() -> None:
    runs, over = make_run("first"), make_run("first", RunState.FINISHED)
    assert names(Endings(), look(runs, 0), look(over, 1), look(over, 2)) == ["first"]
    assert names(Endings(), look(over, 0), look(over, 1)) == [], "it had ended before"
    assert names(Endings(), look(runs, 0), look(over, 1), look(runs, 2), look(over, 3)) == ["first", "first"], "resumed"


def test_a_job_that_the_queue_lacks_for_a_moment_has_not_ended() -> None:
    runs, gone = make_run("first"), make_run("first", RunState.FAILED, job=None)
    assert names(Endings(), look(runs, 0), look(gone, 1), look(runs, 2)) == []
    assert names(Endings(), look(runs, 0), look(gone, 1), look(gone, 1), look(gone, 2)) == ["first"]
    told = make_run("first", RunState.FINISHED, job=None, result=Result(outcome="finished"))
    assert names(Endings(), look(runs, 0), look(told, 1)) == ["first"]


def use_of(run: Run, state: JobState) -> Run:
    log = PurePosixPath(run.path or "") / "uses/next-20261128-120000/first-next-7.log"
    told = RunState.DONE if state is JobState.DONE else RunState.RUNNING
    return Run("first-next", told, job=Job(JobId("7"), "first-next", state, log=log))


def test_the_end_of_a_job_that_uses_a_run_is_told_and_of_no_other_job() -> None:
    runs, over = (use_of(make_run("first"), state) for state in (JobState.RUNNING, JobState.DONE))
    assert names(Endings(), look(runs, 0), look(over, 1), look(over, 2)) == ["first-next"]
    other = [replace(one, job=one.job and replace(one.job, log=PurePosixPath("/a/b.log"))) for one in (runs, over)]
    assert names(Endings(), look(other[0], 0), look(other[1], 1)) == []


async def test_when_a_job_that_chose_images_is_over_the_console_says_what_opens_them() -> None:
    run = make_run("first", RunState.FINISHED, has_best=True)
    folder = PurePosixPath(run.path or "") / "uses/next-20261128-120000"
    session = FakeSession(run, use_of(run, JobState.RUNNING))
    console = Console(session)
    async with console.run_test(size=(80, 24)) as pilot:
        await see(pilot, "first-next")
        session.host.files[folder / "makes.txt"] = f"{folder}/chosen".encode()
        session.host.files[folder / "chosen/chosen.json.gz"] = b""
        session.push(run, use_of(run, JobState.DONE))
        said = f"first-next is done: O in first opens what it made, as does: yogo-tui chosen {folder}/chosen"
        await until(pilot, lambda: [one.message for one in console._notifications] == [said])


def test_the_terminal_is_rung_or_sent_a_notice_that_tmux_passes_on() -> None:
    assert sequence("bell", END, {}) == "\a"
    assert sequence("osc9", END, {}) == "\x1b]9;chaos-cat-0727: failed, the loss became NaN\a"
    evil = RunEnd("a\x1b]0;x", "failed;")
    assert sequence("osc777", evil, {}).count("\x1b") == 1
    assert sequence("osc777", evil, {}).startswith("\x1b]777;notify;yogo;a")
    assert sequence("osc9", END, {"TMUX": "x"}).startswith("\x1bPtmux;\x1b\x1b]9;")


class Webhook(http.server.BaseHTTPRequestHandler):
    taken: list[dict[str, str]]
    answers: list[int]

    def do_POST(self) -> None:
        self.taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def webhook() -> Iterator[tuple[str, type[Webhook]]]:
    kind = type("OneWebhook", (Webhook,), {"taken": [], "answers": []})
    with http.server.HTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/secret-token", kind
        finally:
            server.shutdown()
            thread.join()


async def test_the_command_gets_the_run_in_its_environment_and_no_shell_reads_it(tmp_path: Path) -> None:
    tells = tmp_path / "tell"
    tells.write_text('#!/bin/sh\nprintf "%s|" "$1" "$YOGO_RUN" "$YOGO_STATE" "$YOGO_WHY" "$YOGO_FOLDER" > "$0.said"\n')
    tells.chmod(0o755)
    end = RunEnd("a; touch x", "failed", "$(touch y)", "/lab")
    assert await HereHost().ask(AnnounceEnd(end, command=f"{tells} '$HOME'")) == ()
    assert (tmp_path / "tell.said").read_text() == "$HOME|a; touch x|failed|$(touch y)|/lab|"


async def test_the_webhook_gets_the_run_as_json(tmp_path: Path, webhook: tuple[str, type[Webhook]]) -> None:
    url, kind = webhook
    (tmp_path / "hook").write_text(f"{url}\n")
    assert await HereHost().ask(AnnounceEnd(END, webhook=str(tmp_path / "hook"))) == ()
    (taken,) = kind.taken
    assert taken["name"] == "chaos-cat-0727"
    assert taken["text"] == "chaos-cat-0727: failed, the loss became NaN"


def test_a_webhook_that_refuses_is_told_without_its_address(
    webhook: tuple[str, type[Webhook]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, kind = webhook
    monkeypatch.setenv("YOGO_WEBHOOK", url)
    kind.answers += [404]
    (wrong,) = AnnounceEnd(END, webhook="$YOGO_WEBHOOK").answer(lambda *_: None)
    assert "it was refused, with status 404" in wrong
    assert "secret-token" not in wrong
    kind.answers += [307]
    (wrong,) = AnnounceEnd(END, webhook="$YOGO_WEBHOOK").answer(lambda *_: None)
    assert "status 307" in wrong, "it is not sent on"
    assert len(kind.taken) == 2


def test_an_address_must_be_https_and_stands_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "http://example.org/x")
    with pytest.raises(SettingsError, match=r"\$HOOK holds no https:// address"):
        secret_url("$HOOK")
    with pytest.raises(SettingsError, match="the address is a secret"):
        parse("notify_webhook: https://example.org/token\n", Path("/lab/settings.yaml"))


def test_what_is_wrong_with_the_command_is_told() -> None:
    def told(command: str) -> str:
        (wrong,) = AnnounceEnd(END, command=command).answer(lambda *_: None)
        return wrong

    assert "there/is/none" in told("/there/is/none")
    assert told("sh -c 'echo no >&2; exit 3'") == "notify_command ended with status 3: no."


async def test_the_console_tells_once_the_run_has_ended(tmp_path: Path) -> None:
    session = FakeSession(make_run("chaos-cat-0727"), folder=tmp_path)
    tells = f"sh -c 'echo \"$YOGO_RUN $YOGO_STATE\" >> {tmp_path / 'said'}; exit 4'"
    session.settings = session.settings.model_copy(update={"notify_command": tells})
    async with Console(session).run_test(size=(100, 40), notifications=True) as pilot:
        await see(pilot, "chaos-cat-0727", "running")
        session.push(make_run("chaos-cat-0727", RunState.FINISHED))
        await see(pilot, "notify_command ended with status 4")
        assert (tmp_path / "said").read_text() == "chaos-cat-0727 finished\n"


async def test_the_end_of_a_job_that_uses_a_run_is_told_in_the_ways_of_the_settings_too(tmp_path: Path) -> None:
    run = make_run("first", RunState.FINISHED, has_best=True)
    session = FakeSession(run, use_of(run, JobState.RUNNING), folder=tmp_path)
    tells = f"sh -c 'echo \"$YOGO_RUN $YOGO_STATE $YOGO_FOLDER\" >> {tmp_path / 'said'}; exit 4'"
    session.settings = session.settings.model_copy(update={"notify_command": tells})
    async with Console(session).run_test(size=(100, 40), notifications=True) as pilot:
        await see(pilot, "first-next", "running")
        session.push(run, use_of(run, JobState.DONE))
        await see(pilot, "notify_command ended with status 4", "first-next is done")
        assert (tmp_path / "said").read_text() == f"first-next done {run.path}/uses/next-20261128-120000\n"


def test_no_notice_is_sent_where_none_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("cluster: local\n")
    command = (*CONSOLE, "--workspace", str(tmp_path), "--settings", str(tmp_path / "settings.yaml"))
    with Terminal(command, environment(tmp_path), tmp_path) as terminal:
        terminal.see("4 Runs")
        terminal.leave()
        assert b"\x1b]9;" not in terminal.sent

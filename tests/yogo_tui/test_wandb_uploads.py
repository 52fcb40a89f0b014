"""Runs at W&B: what is told of them, and the upload of those that were logged offline, by `wandb sync`."""

from __future__ import annotations

import http.server
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import pytest

from tests.made_runs import finished_run
from tests.waiting import until as waited
from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from tests.yogo_tui.test_screens_runs import console, lines_of
from yogo.run.directory import RunDirectory
from yogo.run.manifest import Manifest, WandbRun
from yogo.text.terminal import linked
from yogo_tui.cli import main
from yogo_tui.hosts.base import Question, silent
from yogo_tui.questions import wandb as questions
from yogo_tui.questions.wandb import ListOffline, OfflineParts, UploadOffline, UploadOutcome, WandbUpload
from yogo_tui.runs.model import Run, RunState

URL = "https://wandb.ai/lab/yogo/runs/owl"
KEY = "0123456789012345678901234567890123456789"

STAND_IN = f"""#!{sys.executable}
import json, os, pathlib, sys, time
told = pathlib.Path(os.environ["STAND_IN"])
with told.open("a") as file:
    print(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ), os.getpid()]), file=file, flush=True)
how = told.with_suffix(".how").read_text()
print("wandb: Syncing 1 run(s):", flush=True)
if how == "hang":
    time.sleep(600)
if how == "refuse":
    print("wandb: ERROR the project is full, key {KEY}", flush=True)
if how == "die":
    sys.exit(3)
if how == "accept":
    for part in sys.argv[2:]:
        for log in pathlib.Path(part).glob("run-*.wandb"):
            log.with_name(log.name + ".synced").touch()
    print("wandb: [yogo/owl] View run owl at {URL}", flush=True)
"""


class StandIn:
    """A program `wandb` on the PATH, and what it was called with."""

    def __init__(self, folder: Path) -> None:
        self.calls = folder / "calls.jsonl"
        self.program = folder / "bin" / "wandb"
        self.program.parent.mkdir()
        self.program.write_text(STAND_IN)
        self.program.chmod(0o755)
        self.does("accept")

    def does(self, how: str) -> None:
        self.calls.with_suffix(".how").write_text(how)

    def called(self) -> list[Any]:
        return [json.loads(line) for line in self.calls.read_text().splitlines()] if self.calls.exists() else []


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    made = StandIn(tmp_path)
    monkeypatch.setenv("PATH", f"{made.program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("STAND_IN", str(made.calls))
    return made


def offline_run(folder: Path, name: str, *, num_parts: int = 1, **changes: Any) -> Run:
    """A finished run that was logged offline in so many parts."""
    run = RunDirectory(folder / "trained_models" / name)
    finished_run(run.path)
    manifest = Manifest.read(run.manifest).model_copy(update={"wandb": WandbRun(mode="offline", id=name)})
    manifest.write(run.manifest)
    for number in range(num_parts):
        part = run.path / "wandb" / f"offline-run-2026112{number}_120000-{name}"
        part.mkdir(parents=True)
        (part / f"run-{name}.wandb").write_bytes(b"W&B")
    given: dict[str, Any] = {"path": PurePosixPath(run.path), "manifest": manifest, "job": None} | changes
    return make_run(name, RunState.FINISHED, **given)


def of_wandb(folder: Path) -> list[Question[Any]]:
    """One of each kind, about a run that has nothing to upload."""
    return [ListOffline((folder / "nowhere",)), UploadOffline(folder / "nowhere")]


def upload(run: Run) -> WandbUpload:
    return UploadOffline(Path(str(run.path))).answer(silent)


def parts(run: Run) -> OfflineParts:
    (found,) = ListOffline((Path(str(run.path)),)).answer(silent)
    return found


def test_all_parts_are_uploaded_at_once_and_what_is_there_is_not_uploaded_again(
    tmp_path: Path, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_RUN_ID", "another")
    run = offline_run(tmp_path, "owl", num_parts=2)
    assert parts(run) == OfflineParts(2, 2)
    for _ in range(2):
        assert upload(run) == WandbUpload(UploadOutcome.UPLOADED, url=URL)
    assert parts(run) == OfflineParts(2, 0, URL)
    ((words, folder, environment, _),) = stand_in.called()
    assert [Path(word).name[:16] for word in words] == ["sync", "offline-run-2026", "offline-run-2026"]
    assert folder == str(run.path)
    assert not {"WANDB_MODE", "WANDB_RUN_ID"} & environment.keys()


def test_a_refusal_is_told_with_its_reason_and_without_a_key(tmp_path: Path, stand_in: StandIn) -> None:
    stand_in.does("refuse")
    run = offline_run(tmp_path, "owl")
    assert upload(run) == WandbUpload(UploadOutcome.REFUSED, "the project is full, key (a key)")
    assert parts(run).num_waiting == 1
    assert not (Path(str(run.path)) / "wandb/uploaded.json").exists()


def test_a_sync_that_dies_or_says_nothing_has_failed(
    tmp_path: Path, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = offline_run(tmp_path, "owl")
    stand_in.does("die")
    assert upload(run) == WandbUpload(UploadOutcome.FAILED, "wandb sync ended with status 3; Syncing 1 run(s):")
    stand_in.does("hang")
    monkeypatch.setattr(questions, "SILENT_SECONDS", 0.0)
    assert "said nothing" in upload(run).reason


def test_without_the_program_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert "is not installed" in upload(offline_run(tmp_path, "owl")).reason


def test_an_upload_that_nobody_waits_for_is_ended(tmp_path: Path, stand_in: StandIn) -> None:
    stand_in.does("hang")

    class LeftError(Exception):
        pass

    def tell(what: str, done: int, total: int) -> None:
        if what == "Syncing 1 run(s):":
            raise LeftError

    with pytest.raises(LeftError):
        UploadOffline(Path(str(offline_run(tmp_path, "owl").path))).answer(tell)
    assert_ended(stand_in.called()[0][3])


def assert_ended(pid: int) -> None:
    waited(lambda: not Path(f"/proc/{pid}").exists())


def test_an_upload_ends_with_the_program_that_waits_for_it(tmp_path: Path, stand_in: StandIn) -> None:
    stand_in.does("hang")
    run = offline_run(tmp_path, "owl")
    code = (
        "from pathlib import Path; from yogo_tui.questions.wandb import UploadOffline\n"
        f"UploadOffline(Path({str(run.path)!r})).answer(lambda *told: None)"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        waited(lambda: bool(stand_in.called()))
        process.send_signal(signal.SIGKILL)
    assert_ended(stand_in.called()[0][3])


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "settings.yaml").write_text("cluster: local\n")
    monkeypatch.setenv("YOGO_TUI_SETTINGS", str(tmp_path / "settings.yaml"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_command_lists_and_uploads_them(lab: Path, stand_in: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    offline_run(lab, "owl", num_parts=2)
    offline_run(lab, "fox")
    assert main(["sync"]) == 0
    assert set(capsys.readouterr().out.splitlines()) == {"owl: 2 of 2 parts not uploaded", "fox: not uploaded"}
    assert main(["sync", "owl"]) == 2
    assert "Upload owl to W&B?" in capsys.readouterr().err
    assert not stand_in.called()
    assert main(["sync", "owl", "--yes"]) == 0
    assert capsys.readouterr().out == f"owl: uploaded {URL}\n"
    stand_in.does("refuse")
    assert main(["sync", "--all", "--yes", "--json"]) == 1
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["name"], told["outcome"], told["url"]) == ("fox", "refused", None)
    assert main(["sync", "owl", "--yes"]) == 1
    assert f"owl is at W&B: {URL}." in capsys.readouterr().err
    assert main(["sync", "--json"]) == 0
    told = {one["name"]: (one["url"], one["not_uploaded"]) for one in json.loads(capsys.readouterr().out)}
    assert told == {"owl": (URL, 0), "fox": (None, 1)}
    assert main(["runs", "owl", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["wandb"] == {"mode": "offline", "id": "owl", "url": None}


def test_the_command_tells_on_a_terminal_how_far_the_upload_is_and_nowhere_else(
    lab: Path, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    offline_run(lab, "owl")
    assert main(["sync", "owl", "--yes"]) == 0
    assert "Syncing" not in capsys.readouterr().err
    offline_run(lab, "fox")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal := ShownText())
    assert main(["sync", "fox", "--yes"]) == 0
    said = terminal.getvalue()
    lines = "Syncing 1 run(s):", "[yogo/owl] View run owl at https://wandb.ai/lab/yogo/runs/owl"
    assert any(f"\r  {line}\x1b[K" in said for line in lines), "one that follows at once may take the other's place"
    assert said.endswith("\r\x1b[K")


class ShownText(io.StringIO):
    def isatty(self) -> bool:
        return True


class Screen:
    def __init__(self, is_terminal: bool) -> None:
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


def test_an_address_is_a_link_on_a_terminal_and_plain_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert linked(URL, Screen(True)) == f"\x1b]8;;{URL}\x1b\\{URL}\x1b]8;;\x1b\\"  # type: ignore[arg-type]
    assert linked(URL, Screen(False)) == URL  # type: ignore[arg-type]
    for bad in ("javascript:x", "https://a/\x1b\\evil"):
        assert "\x1b" not in linked(bad, Screen(True))  # type: ignore[arg-type]


def session_of(folder: Path, *runs: Run) -> FakeSession:
    """With what lies on the disk: the last look before an upload reads that."""
    session = FakeSession(*runs, folder=folder)
    found = (folder / "trained_models").glob("*/*.json")
    session.host.files |= {PurePosixPath(path): path.read_bytes() for path in found}
    return session


async def test_a_key_uploads_all_marked_runs_and_shows_what_became_of_each(tmp_path: Path, stand_in: StandIn) -> None:
    runs = [offline_run(tmp_path, name) for name in ("owl", "fox")]
    async with console(session_of(tmp_path, *runs)) as pilot:
        await until(pilot, lambda: lines_of(pilot, "owl"))
        await pilot.press("space", "space", "S")
        await see(pilot, "Upload 2 runs to W&B: ")
        await pilot.press("y")
        await see(pilot, f"owl: uploaded {URL[:30]}", "fox: uploaded", "esc close")
        await pilot.press("escape")
        await until(pilot, lambda: "esc close" not in shown(pilot))
    assert len(stand_in.called()) == 2


async def test_leaving_the_dialog_ends_the_upload(tmp_path: Path, stand_in: StandIn) -> None:
    stand_in.does("hang")
    run = offline_run(tmp_path, "owl")
    async with console(session_of(tmp_path, run)) as pilot:
        await until(pilot, lambda: lines_of(pilot, "owl"))
        await pilot.press("S")
        await see(pilot, "Upload owl to W&B?")
        await pilot.press("y")
        await see(pilot, "owl: Syncing 1 run(s):", "esc stop")
        await pilot.press("escape")
        await until(pilot, lambda: "esc stop" not in shown(pilot))
        await until(pilot, lambda: not Path(f"/proc/{stand_in.called()[0][3]}").exists())
    assert parts(run).num_waiting == 1


async def test_a_run_that_trains_or_was_not_logged_is_refused(tmp_path: Path, stand_in: StandIn) -> None:
    live = replace(offline_run(tmp_path, "owl"), state=RunState.RUNNING)
    async with console(FakeSession(live, folder=tmp_path)) as pilot:
        await until(pilot, lambda: lines_of(pilot, "owl"))
        await pilot.press("S")
        await see(pilot, "owl is running: it can be uploaded once it is over.")
    async with console(FakeSession(make_run("fox", RunState.FINISHED))) as pilot:
        await until(pilot, lambda: lines_of(pilot, "fox"))
        await pilot.press("S")
        await see(pilot, "fox was not logged to W&B.")
    assert not stand_in.called()


async def test_the_details_of_a_run_say_that_it_is_not_uploaded(tmp_path: Path) -> None:
    async with console(FakeSession(offline_run(tmp_path, "owl"), folder=tmp_path), size=(120, 60)) as pilot:
        await until(pilot, lambda: lines_of(pilot, "owl"))
        await pilot.press("enter")
        await pilot.press("d")
        await see(pilot, "not uploaded; S uploads it, or:", "yogo-tui sync owl")


class Wandb(http.server.BaseHTTPRequestHandler):
    """As much of a W&B server as `wandb sync` needs. With another key than KEY it lets nobody in."""

    received: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        text, status = self.rfile.read(size), 200
        answer: dict[str, Any] = {}
        type(self).received.append(self.path)
        if self.path == "/graphql":
            query = json.loads(text)["query"]
            if "UpsertBucket" in query:
                project = {"name": "yogo", "entity": {"name": "lab"}}
                bucket = {"id": "x", "name": "owl", "displayName": "owl", "config": "{}", "project": project}
                answer = {"data": {"upsertBucket": {"bucket": bucket, "inserted": True}}}
            elif "reateRunFiles" in query:
                files = [
                    {"name": name, "uploadUrl": f"http://{self.headers['host']}/put"}
                    for name in json.loads(text)["variables"]["files"]
                ]
                answer = {"data": {"createRunFiles": {"runID": "x", "uploadHeaders": [], "files": files}}}
            else:
                answer = {"data": {"viewer": {"id": "x", "entity": "lab", "flags": "{}"}}}
            if "full" in type(self).received:
                status, answer = 403, {"errors": [{"message": "the team may store no more"}]}
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Wandb.received.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Wandb) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_wandb_itself_uploads_or_says_why_not(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WANDB_BASE_URL", server)
    run = replace(make_run("owl"), path=PurePosixPath(tmp_path / "owl"))
    code = (
        "import sys, wandb; r = wandb.init(project='yogo', id='owl', mode='offline', dir=sys.argv[1], "
        "settings=wandb.Settings(silent=True, console='off')); r.log({'loss': 1}); r.finish()"
    )
    (tmp_path / "owl").mkdir()
    subprocess.run([sys.executable, "-c", code, str(run.path)], check=True)
    assert upload(run).outcome is UploadOutcome.NO_LOGIN
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    Wandb.received.append("full")
    refused = upload(run)
    assert refused.outcome is UploadOutcome.REFUSED
    assert "the team may store no more" in refused.reason
    Wandb.received.clear()
    assert upload(run) == WandbUpload(UploadOutcome.UPLOADED, url=f"{server}/lab/yogo/runs/owl")
    assert any("file_stream" in path for path in Wandb.received)
    assert parts(run) == OfflineParts(1, 0, f"{server}/lab/yogo/runs/owl")
    assert not [path for path in (tmp_path / "owl").rglob("*") if path.is_file() and KEY in path.read_text("latin1")]

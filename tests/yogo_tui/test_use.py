"""A run's best.pth is tested, looked with and exported in jobs, whose results lie under the run."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest
from PIL import Image

from tests.yogo_tui.fake_session import MemoryHost
from yogo.checkpoint import save_checkpoint
from yogo.model import YOGO, get_model_func
from yogo_tui.cli import main
from yogo_tui.cluster.local import LocalCluster
from yogo_tui.hosts.here import HereHost
from yogo_tui.launch.purpose import Purpose
from yogo_tui.launch.use import end_of_use, results

Until = Callable[..., Awaitable[object]]
HW = (64, 64)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workspace on this machine's cluster, with a trained run, one definition, and images under an odd name."""
    lab = tmp_path / "lab"
    images = lab / "my images; $(touch pwned) 'a'"
    pairs = []
    for folder, labels in ((images, lab / "labels"), (lab / "others", lab / "other-labels")):
        folder.mkdir(parents=True)
        labels.mkdir()
        pairs.append({"image_path": str(folder), "label_path": str(labels)})
        for name in ("one", "two"):
            Image.new("L", (HW[1], HW[0]), 200).save(folder / f"{name}.png")
            (labels / f"{name}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (lab / "dataset_defs").mkdir()
    said = {"class_names": ["a", "b"], "dataset_paths": {"all": pairs[1]}, "test_paths": {"all": pairs[0]}}
    (lab / "dataset_defs" / "cells.yml").write_text(json.dumps(said))
    (lab / "settings.yaml").write_text(
        f"workspace: {lab}\ncluster: local\nsizes: [{{gpus: 0, cpus: 1, hours: 1, template: 1gpu.sbatch}}]\n"
    )
    run = lab / "trained_models" / "tidy-fox-0001"
    run.mkdir(parents=True)
    model = YOGO(HW, 0.05, 0.05, 2, model_func=get_model_func("quarter_filters"), normalize_images=True)
    save_checkpoint(run / "best.pth", model, epoch=1, step=1, classes=["a", "b"], run_name="tidy-fox-0001")
    monkeypatch.setenv("YOGO_TUI_SETTINGS", str(lab / "settings.yaml"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.chdir(lab)
    yield lab
    asyncio.run(cluster(lab).cancel([job.id for job in asyncio.run(cluster(lab).jobs()) if not job.state.is_over]))


def cluster(lab: Path) -> LocalCluster:
    return LocalCluster(lab.parent / "state" / "yogo-tui" / "local")


async def ended(lab: Path, until: Until, told: dict[str, str]) -> str:
    """The job's log, once it is over."""

    async def state() -> str:
        (job,) = [job for job in await cluster(lab).jobs() if job.id == told["job"]]
        return job.state.value if job.state.is_over else ""

    last = await until(state, seconds=120, what=f"job {told['job']} is over")
    log = Path(told["folder"], f"{told['name']}-{told['job']}.log").read_text()
    assert last == "done", log
    return log


def submitted(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    assert main([words[0], "--json", *words[1:]]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert isinstance(told, dict)
    return told


def test_images_are_looked_at_and_counted(lab: Path, capsys: pytest.CaptureFixture[str], until: Until) -> None:
    images = next(lab.glob("my images*"))
    told = submitted(capsys, "infer", "tidy-fox-0001", str(images), "--", "--obj-thresh", "0.9999")
    log = asyncio.run(ended(lab, until, told))
    assert told["name"] == "tidy-fox-0001-infer"
    assert Path(told["folder"]).parent == lab / "trained_models" / "tidy-fox-0001" / "uses"
    assert "2 images" in log
    assert {path.stem for path in Path(told["folder"]).rglob("*.txt")} == {"one", "two"}
    assert not list(lab.parent.rglob("pwned"))


def test_it_is_tested_on_a_definition_and_exported(lab: Path, capsys: pytest.CaptureFixture[str], until: Until) -> None:
    tested = submitted(capsys, "test", "tidy-fox-0001", "cells.yml")
    exported = submitted(capsys, "export", "tidy-fox-0001", "--", "--no-openvino")
    assert "test loss" in asyncio.run(ended(lab, until, tested))
    run = lab / "trained_models" / "tidy-fox-0001"
    assert (run / "best-test-cells.json").is_file()
    asyncio.run(ended(lab, until, exported))
    assert Path(exported["folder"], "tidy-fox-0001.onnx").is_file()
    left = asyncio.run(results(HereHost(), PurePosixPath(run)))
    assert (left[0].folder, left[0].files) == (PurePosixPath(run), ("best-test-cells.json",))
    (tested_log,) = next(one.files for one in left if one.folder == PurePosixPath(tested["folder"]))
    assert tested_log.endswith(".log")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["infer", "tidy-fox-0001", "nowhere"], "nowhere does not exist."),
        (["test", "tidy-fox-0001"], "It is not known what tidy-fox-0001 was trained on"),
        (
            ["rank", "tidy-fox-0001"],
            "It is not known what tidy-fox-0001 was trained on: name the definition to review.",
        ),
        (
            ["rank", "tidy-fox-0003", "cells.yml"],
            "tidy-fox-0003 has no best.pth yet: there is nothing to rank labels by.",
        ),
        (["label", "tidy-fox-0001", "settings.yaml"], "settings.yaml is a file: name the folder of images"),
        (["next", "tidy-fox-0001", "settings.yaml"], "settings.yaml is a file: name the folder of images"),
        (["next", "tidy-fox-0001", "others", "--labelled", "no.yml"], "There is no dataset definition no.yml"),
        (["next", "tidy-fox-0001", "others", "--labelled", "cells.yml"], "others are labelled already: name another"),
        (["next", "tidy-fox-0001", "others", "--", "--labelled=dataset_defs/cells.yml"], "are labelled already"),
        (["next", "tidy-fox-0001", "others", "--out", "labels"], "labels exists already, and nothing is written over"),
        (["label", "tidy-fox-0001", "others", "--out", "settings.yaml/new"], "settings.yaml is a file. Name another"),
        (["rank", "tidy-fox-0001", "cells.yml", "--out", "/proc/new"], "/proc/new cannot be made: "),
        (["export", "tidy-fox-0002"], "There is no run tidy-fox-0002."),
        (["export", "tidy-fox-0003"], "tidy-fox-0003 has no best.pth yet: there is nothing to export."),
    ],
)
def test_what_cannot_be_used_is_said_before_a_job_is_submitted(
    words: list[str], said: str, lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = lab / "trained_models" / "tidy-fox-0003"
    empty.mkdir()
    (empty / "last.pth").write_bytes(b"")
    assert main(words) == 1
    assert said in capsys.readouterr().err
    assert asyncio.run(cluster(lab).jobs()) == ()


@pytest.mark.parametrize(
    "words",
    [
        ["export"],
        ["test"],
        ["test", "cells.yml"],
        ["infer", "others"],
        ["rank"],
        ["rank", "cells.yml"],
        ["label", "others"],
        ["next", "others"],
    ],
)
def test_an_option_that_yogo_does_not_take_is_refused_before_a_job_is_submitted(
    lab: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main([words[0], "tidy-fox-0001", *words[1:], "--", "--no-such-option"]) == 2
    assert "unrecognized arguments: --no-such-option" in capsys.readouterr().err
    assert asyncio.run(cluster(lab).jobs()) == ()


def test_labels_are_ranked_beside_their_definition_and_the_queue_is_named(
    lab: Path, capsys: pytest.CaptureFixture[str], until: Until
) -> None:
    told = submitted(capsys, "rank", "tidy-fox-0001", "cells.yml")
    run, review = lab / "trained_models/tidy-fox-0001", lab / "dataset_defs/reviews/cells-tidy-fox-0001"
    assert (told["name"], told["results"]) == ("tidy-fox-0001-review", str(review))
    (log,) = asyncio.run(results(HereHost(), PurePosixPath(run)))[0].files or ("",)
    assert log == "" or log.endswith(".log")  # there is no ranking yet to go through
    assert "to decide about each: yogo-tui review" in asyncio.run(ended(lab, until, told))
    (made,) = asyncio.run(results(HereHost(), PurePosixPath(run)))
    assert (made.folder, made.files) == (PurePosixPath(review), ("ranking.json.gz",))
    assert made.next == f"yogo-tui review {review}"
    assert main(["datasets", "cells.yml", "--reviews"]) == 0
    assert "cells-tidy-fox-0001" in capsys.readouterr().out
    assert main(["review", str(review), "decide", "1", "skip"]) == 0
    assert main(["rank", "tidy-fox-0001", "cells.yml"]) == 1
    assert "holds what reviewers decided about its ranking: name another folder" in capsys.readouterr().err
    assert len(asyncio.run(cluster(lab).jobs())) == 1
    assert main(["rank", "tidy-fox-0001", "cells.yml", "--out", "again it's"]) == 0
    said = capsys.readouterr().out
    assert f"its results will be in {lab}/again it's\n" in said
    assert f"""Once it is over: yogo-tui review '{lab}/again it'"'"'s'\n""" in said


def test_images_are_labelled_into_the_run_or_into_a_named_folder(
    lab: Path, capsys: pytest.CaptureFixture[str], until: Until
) -> None:
    run = PurePosixPath(lab / "trained_models/tidy-fox-0001")
    own = submitted(capsys, "label", "tidy-fox-0001", "others")
    named = submitted(capsys, "label", "tidy-fox-0001", "others", "--out", "new labels", "--", "--error", "0.05")
    assert own["results"] == own["folder"] + "/labelled"
    assert named["results"] == str(lab / "new labels")
    for told in (own, named):
        assert "2 images" in asyncio.run(ended(lab, until, told))
        assert {path.stem for path in Path(told["results"], "labels").glob("*.txt")} == {"one", "two"}
    found = {one.folder: one.files for one in asyncio.run(results(HereHost(), run))}
    for told in (own, named):
        assert {"labels", "labelled.yml", "order.csv"} <= {*found[PurePosixPath(told["results"])]}
        assert not any(name.endswith((".log", ".sbatch")) for name in found[PurePosixPath(told["results"])])


def test_images_to_label_next_are_chosen_into_the_run_and_the_command_that_shows_them_is_named(
    lab: Path, capsys: pytest.CaptureFixture[str], until: Until
) -> None:
    run = PurePosixPath(lab / "trained_models/tidy-fox-0001")
    (lab / "pool").mkdir()
    for name, grey in (("three", 90), ("four", 30)):
        Image.new("L", (HW[1], HW[0]), grey).save(lab / "pool" / f"{name}.png")
    shutil.copy(lab / "others/one.png", lab / "pool/one.png")
    told = submitted(capsys, "next", "tidy-fox-0001", "pool", "--labelled", "cells.yml", "-n", "2")
    assert (told["name"], told["results"]) == ("tidy-fox-0001-next", told["folder"] + "/chosen")
    assert "2 of 3 images without a label; 4 images labelled already" in asyncio.run(ended(lab, until, told))
    chosen = Path(told["results"])
    assert len({path.resolve() for path in (chosen / "images").iterdir()} & {*(lab / "pool").iterdir()}) == 2
    (made,) = asyncio.run(results(HereHost(), run))
    assert (made.folder, made.purpose) == (PurePosixPath(chosen), Purpose.NEXT)
    assert made.next == f"yogo-tui chosen {chosen}"
    said = asyncio.run(end_of_use(HereHost(), told["name"], PurePosixPath(told["folder"]), is_done=True, state="done"))
    assert said == f"{told['name']} is done: O in tidy-fox-0001 opens what it made, as does: yogo-tui chosen {chosen}"
    assert main(["chosen", str(chosen), "--show"]) == 0
    assert "four.png" in capsys.readouterr().out


def test_a_recipe_for_the_models_of_folds_is_refused_without_folds(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rank", "tidy-fox-0001", "cells.yml", "--", "--epochs", "3"]) == 2
    assert "a recipe and --from-pretrained are about the models of --folds: give that too" in capsys.readouterr().err
    assert asyncio.run(cluster(lab).jobs()) == ()


async def test_of_the_uses_of_a_run_the_latest_comes_first_whatever_it_was() -> None:
    folder = PurePosixPath("/lab/trained_models/first")
    uses = ("export-20260301-120000", "test-20260228-120000", "infer-20260302-120000")
    host = MemoryHost({folder / "uses" / name / "made.txt": b"" for name in uses})
    found = [(made.folder.name, made.files) for made in await results(host, folder)]
    assert found == [(uses[n], ("made.txt",)) for n in (2, 0, 1)]


async def test_results_that_two_uses_wrote_into_one_folder_are_listed_once() -> None:
    folder, review = PurePosixPath("/lab/trained_models/first"), PurePosixPath("/lab/defs/reviews/cells-first")
    named = {folder / "uses" / f"review-{n}" / "makes.txt": str(review).encode() for n in (1, 2)}
    (made,) = await results(MemoryHost({review / "ranking.json.gz": b"", **named}), folder)
    assert (made.folder, made.files, made.next) == (review, ("ranking.json.gz",), f"yogo-tui review {review}")


def test_several_runs_are_exported_after_a_question_and_one_without_weights_keeps_no_other_back(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(lab / "trained_models/tidy-fox-0001", lab / "trained_models/calm-owl-0002")
    (lab / "trained_models/bare-elm-0003").mkdir()
    (lab / "trained_models/bare-elm-0003/last.pth").write_bytes(b"weights")
    names = ["tidy-fox-0001", "calm-owl-0002"]
    assert main(["export", *names]) == 2
    said = capsys.readouterr().err
    assert "Submit 2 jobs, one for each run?" in said
    assert "tidy-fox-0001, calm-owl-0002. There is no terminal to ask on: add --yes." in said
    assert not [*lab.glob("trained_models/*/uses")]
    assert main(["export", "--yes", "--json", *names, "bare-elm-0003", "--", "--half"]) == 1
    told = capsys.readouterr()
    assert [one["name"] for one in json.loads(told.out)] == [f"{name}-export" for name in names]
    assert "bare-elm-0003 has no best.pth yet" in told.err
    scripts = [*lab.glob("trained_models/*/uses/*/*.sbatch")]
    assert len(scripts) == 2
    assert all("--half" in script.read_text() for script in scripts)

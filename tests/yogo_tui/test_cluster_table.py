"""What the program expects of each entry in the table of clusters, without a cluster of its kind."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from yogo.recipe import Recipe
from yogo.run.launch import Kind
from yogo_tui.cli import parser
from yogo_tui.cluster.base import Machine
from yogo_tui.cluster.table import CLUSTERS, Options
from yogo_tui.errors import SettingsError, TemplateError
from yogo_tui.hosts.base import Completed
from yogo_tui.hosts.here import HereHost
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.launch.script import render, render_use
from yogo_tui.launch.templates import names
from yogo_tui.session import Session
from yogo_tui.settings import Settings, SizePreset
from yogo_tui.settings.parsing import parse

EACH = pytest.mark.parametrize("name", CLUSTERS)


def settings(name: str, workspace: str = "/lab") -> Settings:
    return Settings.model_validate({"cluster": name, "workspace": workspace, "wandb": "disabled"})


def plan(size: SizePreset) -> LaunchPlan:
    return LaunchPlan("calm-cat", Kind.TRAIN, PurePosixPath("/lab/cells.yml"), Recipe(), size)


async def run(script: str) -> Completed:
    return await HereHost().run(["bash", "-n"], stdin=script)


@EACH
async def test_it_opens_by_the_name_in_the_settings(name: str, tmp_path: Path) -> None:
    kind = CLUSTERS[name]
    session = await Session.open(settings(name, str(tmp_path)))
    assert type(session.cluster) is type(kind.open(HereHost(), Options()))
    assert session.settings.cluster == name
    assert session.cluster.name
    assert 0 < session.cluster.pace(30.0) <= 30.0
    assert session.machine is None or isinstance(session.machine, Machine)
    await session.close()


@EACH
def test_the_command_line_takes_it(name: str) -> None:
    assert parser().parse_args(["--cluster", name, "runs"]).cluster == name


@EACH
async def test_each_size_has_a_script_that_bash_reads(name: str) -> None:
    here = settings(name)
    # Several nodes need a template that knows how the cluster starts processes on them.
    for size in (one for one in here.sizes if one.nodes == 1 or not here.header.templates):
        script = render(here, plan(size), "t0ken")
        assert script.startswith("#!/bin/bash\n")
        assert "yogo train" in script or " train " in script
        assert not (await run(script)).status
        assert here.header.template(size.template) in names(here.templates_folder, here.header)


@EACH
def test_the_log_lies_where_the_console_looks_for_it(name: str) -> None:
    here = settings(name, "/lab")
    log = str(here.run("calm-cat").log(here.header.job_id))
    assert log in render(here, plan(here.sizes[0]), "t0ken")
    folder = PurePosixPath("/lab/uses/test-1")
    words, lab = ["test", "a"], PurePosixPath("/lab")
    script = render_use(here, here.sizes[0], name="calm-cat-test", folder=folder, words=words, workspace=lab)
    assert f"/lab/uses/test-1/calm-cat-test-{here.header.job_id}.log" in script


@EACH
@pytest.mark.parametrize("partition", ["a\nb", "a\x00b"])
def test_what_no_line_may_hold_is_refused_and_named(name: str, partition: str) -> None:
    here = settings(name).model_copy(update={"partition": partition})
    with pytest.raises(TemplateError, match="The setting partition cannot be used"):
        render(here, plan(here.sizes[0]), "t0ken")


async def test_the_last_of_the_table_is_there_on_any_host() -> None:
    assert await [*CLUSTERS.values()][-1].is_there(HereHost({"PATH": "/bin"}))


def test_a_cluster_that_is_not_in_the_table_is_refused_with_those_that_are() -> None:
    with pytest.raises(SettingsError, match=" or ".join(["", *CLUSTERS][-2:])):
        parse("cluster: cloud\n", Path("/lab/settings.yaml"))

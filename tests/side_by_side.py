"""How the tests are shared out among the processes of `pytest -n`: a file's stay together, and all of the real Slurm's,
as that is started once, and loses its controller and nodes in some of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

USES_SLURM = re.compile(r'\bslurm: |getfixturevalue\("slurm"\)|mark\.slurm\b')


class Sharing(LoadFileScheduling):  # type: ignore[misc]  # it has no types
    """In the order of the files: the real Slurm's, which take longest, come first, and light ones last."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)
        self._scopes: dict[str, str] = {}

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        if file not in self._scopes:
            uses_slurm = USES_SLURM.search((self.config.rootpath / Path(file)).read_text())
            self._scopes[file] = "the real Slurm" if uses_slurm else file
        return self._scopes[file]

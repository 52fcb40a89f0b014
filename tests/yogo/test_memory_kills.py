"""Whether the kernel has killed a process because the memory was full, in a cgroup that has little."""

from __future__ import annotations

import subprocess
import sys

from tests.cgroups import little_memory
from yogo.run.killed import MemoryKills, ending_words

_PROGRAM = """
import subprocess, sys
from yogo.run.killed import MemoryKills, ending_words
kills = MemoryKills()
print(kills.is_recent)
ended = subprocess.run([sys.executable, "-c", sys.argv[1]])
print(kills.is_recent)
print(ending_words(ended.returncode, is_for_memory=kills.is_recent))
"""


def in_little_memory(program: str) -> list[str]:
    with little_memory(64) as processes:
        join = f'echo $$ > {processes}; exec "$@"'
        words = ["sh", "-c", join, "sh", sys.executable, "-c", _PROGRAM, program]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_process_that_the_kernel_killed_for_want_of_memory_is_told_from_one_that_somebody_killed() -> None:
    said = in_little_memory("bytearray(500 << 20)")
    assert said == ["False", "True", "the memory was full: the kernel killed one of the run's processes (SIGKILL)"]
    said = in_little_memory("import os; os.kill(os.getpid(), 9)")
    assert said[:2] == ["False", "False"]
    assert said[2].startswith("one of the run's processes was killed by SIGKILL, perhaps because")


def test_a_process_that_a_library_ended_was_not_killed() -> None:
    assert ending_words(-11, is_for_memory=False) == "one of the run's processes was ended by SIGSEGV"
    assert ending_words(1, is_for_memory=False) == ""
    assert not MemoryKills().is_recent

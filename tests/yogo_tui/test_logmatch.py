"""Which lines of a log tell of an error, and where words are found."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from yogo_tui.runs.faults import KNOWN, lines_of
from yogo_tui.runs.logmatch import Match

ERRORS = [
    b"Traceback (most recent call last):",
    b"torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB",
    b"KeyboardInterrupt",
    b"AssertionError\r",
    b"yogo: the disk is full",
    b"slurmstepd: error: *** JOB 12 ON node1 CANCELLED AT 2026-11-27 DUE TO TIME LIMIT ***",
    b"[rank1]: RuntimeError: NCCL error: unhandled",
    b"bash: line 4: conda: command not found",
    b"OSError: [Errno 28] No space left on device",
    b"Killed",
    b"slurmstepd: Detected 1 oom_kill event",
    b"Segmentation fault (core dumped)",
    b"[rank1]: ValueError: no box",
    b"\x1b[31mValueError\x1b[0m",
    b"job.sbatch: line 45: 12345 Killed                  yogo train",
    b"job.sbatch: line 9: /x/bin/activate: No such file or directory",
    b"[rank1]:[E] Watchdog caught collective operation timeout",
]
OTHERS = [
    b"epoch 9  64 % | 372/579  count error 3.1  loss 18.9",
    b"note: 3 errors in labels",
    b"yogo: note: 12 images have no labels",
    b"0 errors",
    b"",
]


@pytest.mark.parametrize("line", ERRORS)
def test_a_line_that_tells_of_an_error_is_found(line: bytes) -> None:
    data = b"\n".join([*OTHERS, line, *OTHERS])
    at = data.index(line)
    assert (Match(is_errors=True).first(data), Match(is_errors=True).last(data)) == (at, at)
    assert Match(is_errors=True).first(line) == 0


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.pattern[:20])
@given(data=st.data())
def test_what_is_known_to_end_a_run_is_found_as_an_error(known: re.Pattern[str], data: st.DataObject) -> None:
    line = data.draw(st.from_regex(known, alphabet=st.characters(codec="ascii", min_codepoint=32)))
    assume(lines_of(line) == [line])
    assert Match(is_errors=True).first(f"epoch 9\n{line}\n".encode()) == 8


@given(st.lists(st.sampled_from([*ERRORS, *OTHERS]), max_size=30))
def test_each_error_is_found_and_nothing_else(lines: list[bytes]) -> None:
    data = b"".join(line + b"\n" for line in lines)
    found = [data[at : data.index(b"\n", at)] for at in Match(is_errors=True).all_lines(data)]
    assert found == [line for line in lines if line in ERRORS]


@given(st.lists(st.text("abA\r", max_size=4), max_size=20), st.text("abA", min_size=1, max_size=2))
def test_the_lines_with_some_words_are_those_that_contain_them(lines: list[str], words: str) -> None:
    data, starts, at = "\n".join(lines).encode(), [], 0
    for line in lines:
        holds = words in (line.lower() if words == words.lower() else line)
        starts += [at] if holds else []
        at += len(line) + 1
    assert [*Match(words).all_lines(data)] == starts

"""The error that ended a run, found in the end of its log among the lines that follow from it."""

from __future__ import annotations

import pytest

from yogo_tui.runs.faults import Lack, fault_in, fault_of, fault_of_end

TRACEBACK = """Traceback (most recent call last):
  File "/home/me/env/lib/python3.11/site-packages/yogo/training/train.py", line 127, in train
    run(step)
  File "/home/me/work/loss.py", line 44, in forward
    return box[index]
  File "/home/me/env/lib/python3.11/site-packages/torch/nn/functional.py", line 9, in take
    raise IndexError("index 7 is out of range")
IndexError: index 7 is out of range
"""
SLURM_ENDS = "srun: error: gpu1: task 0: Exited with exit code 1\nThe job ends.\n"


@pytest.mark.parametrize(
    ("line", "words", "lack"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB.", "the GPU's memory", Lack.GPU_MEMORY),
        ("RuntimeError: CUDA error: out of memory", "the GPU's memory", Lack.GPU_MEMORY),
        ("slurmstepd: error: Detected 1 oom_kill event in StepId=7.batch.", "the job's memory", Lack.MEMORY),
        ("slurmstepd: error: Detected 2 oom-kill event(s) in StepId=7.0.", "the job's memory", Lack.MEMORY),
        ("RuntimeError: DataLoader worker (pid 7) is killed by signal: Killed.", "the job's memory", Lack.MEMORY),
        ("RuntimeError: unable to open shared memory object </torch_7>", "shared memory", None),
        ("OSError: [Errno 28] No space left on device: '/x/last.pth'", "the disk was full", None),
        ("OSError: [Errno 122] Disk quota exceeded", "your quota", None),
        ("OSError: [Errno 116] Stale file handle: '/x'", "file system", None),
        ("slurmstepd: error: *** JOB 7 ON gpu1 CANCELLED AT 2026-11-27 DUE TO TIME LIMIT ***", "time limit", Lack.TIME),
        ("slurmstepd: error: *** JOB 7 ON gpu1 CANCELLED AT 2026-11-27 DUE TO PREEMPTION ***", "preempted", None),
        ("slurmstepd: error: *** JOB 7 ON gpu1 CANCELLED AT 2026-11-27 DUE TO NODE FAILURE ***", "its node", None),
        ('Lmod has detected the following error:  The following module(s) are unknown: "x"', "a module", None),
        ("ERROR: Unable to locate a modulefile for 'cuda/99'", "a module", None),
        ("job.sbatch: line 9: module: command not found", "a module", None),
        ("EnvironmentNameNotFound: Could not find conda environment: yogo", "the Python environment", None),
        ("job.sbatch: line 9: conda: command not found", "the Python environment", None),
        ("job.sbatch: line 9: /x/bin/activate: No such file or directory", "the Python environment", None),
        ("job.sbatch: line 30: yogo: command not found", "yogo was not found", None),
        ("slurmstepd: error: execve(): yogo: No such file or directory", "yogo was not found", None),
        ("job.sbatch: line 9: nvcc: command not found", "a program was not found", None),
        ("ModuleNotFoundError: No module named 'torch'", "a Python package", None),
        ("RuntimeError: No CUDA GPUs are available", "the node's GPU", None),
        ("RuntimeError: CUDA error: uncorrectable ECC error encountered", "the GPU failed", None),
        ("RuntimeError: CUDA error: device-side assert triggered", "class index", None),
        ("RuntimeError: NCCL error in: ProcessGroupNCCL.cpp:1691, unhandled system error", "lost each other", None),
        ("[rank1]:[E] Watchdog caught collective operation timeout", "lost each other", None),
        ("srun: error: gpu1: tasks 1-2: Killed", "it was killed", Lack.MEMORY),
        ("srun: error: gpu1: task 3: Out Of Memory", "the job's memory was full", Lack.MEMORY),
        ("yogo: another process of the run was killed or lost.", "it lost one of its processes", Lack.MEMORY),
        (
            "yogo: the memory was full: the kernel killed one of the run's processes (SIGKILL), and",
            "the job's",
            Lack.MEMORY,
        ),
        ("yogo: one of the run's processes was killed by SIGKILL, perhaps because", "it was killed, most", Lack.MEMORY),
        ("job.sbatch: line 45: 12345 Killed                  yogo train", "it was killed", Lack.MEMORY),
        ("job.sbatch: line 45: 12345 Segmentation fault      yogo train", "a library crashed", None),
    ],
)
def test_a_known_error_is_told_in_plain_words_with_the_next_step(line: str, words: str, lack: Lack | None) -> None:
    fault = fault_in(f"epoch 3 of 16, loss 4.2\n{line}\n{SLURM_ENDS}")
    assert fault is not None
    assert words in fault.words
    assert (fault.said, fault.lack) == (line.removeprefix("[rank1]:"), lack)
    assert fault.advice


@pytest.mark.parametrize("prefix", ["", "[rank0]: ", "0: ", "[default1]:"])
def test_a_traceback_tells_its_error_with_the_line_of_the_users_own_file(prefix: str) -> None:
    fault = fault_in("".join(f"{prefix}{line}\n" for line in TRACEBACK.splitlines()) + SLURM_ENDS)
    assert fault is not None
    assert fault.said == "IndexError: index 7 is out of range"
    assert fault.where == "/home/me/work/loss.py, line 44"


def test_an_error_that_follows_from_another_rank_is_not_taken_for_the_cause() -> None:
    lost = (
        'Traceback (most recent call last):\n  File "/x/a.py", line 1, in f\n    g()\nRuntimeError: NCCL error in: x\n'
    )
    assert fault_in(TRACEBACK + lost + SLURM_ENDS) == fault_in(TRACEBACK)
    fault = fault_in(lost + SLURM_ENDS)
    assert fault is not None
    assert (fault.words[:32], fault.where) == ("the processes of the run lost ea", "/x/a.py, line 1")


def test_of_errors_that_follow_from_one_another_the_last_is_told() -> None:
    last = 'Traceback (most recent call last):\n  File "/x/b.py", line 5, in h\n    g()\nValueError: no box\n'
    chained = "\nDuring handling of the above exception, another exception occurred:\n\n"
    fault = fault_in(f"{TRACEBACK}{chained}{last}")
    assert fault is not None
    assert (fault.said, fault.where) == ("ValueError: no box", "/x/b.py, line 5")


def test_a_progress_bar_and_colours_do_not_hide_the_error() -> None:
    log = "\r 10%|█ | 1/9\r 20%|██ | 2/9\n\x1b[31mValueError\x1b[0m: torn\n" + TRACEBACK.replace("\n", "\x1b[0m\r\n")
    fault = fault_in(log)
    assert fault is not None
    assert fault.said == "IndexError: index 7 is out of range"


def test_yogos_own_sentence_is_the_error_where_there_is_no_traceback() -> None:
    fault = fault_in(f"yogo: note: 3 images have no label\nyogo: cells.yml names no images\n{SLURM_ENDS}")
    assert fault is not None
    assert fault.said == "cells.yml names no images"


def test_what_went_wrong_before_the_job_was_started_again_is_not_its_end() -> None:
    before = "slurmstepd: error: *** JOB 7 ON gpu1 CANCELLED AT 2026-11-27T10:00:00 DUE TO PREEMPTION ***\n"
    fault = fault_in(f"{before}resumes from epoch 3\n{TRACEBACK}{SLURM_ENDS}")
    assert fault is not None
    assert fault.said.startswith("IndexError")
    ended = fault_in(f"{TRACEBACK}The job goes back into the queue.\nresumes\nOSError: No space left on device\n")
    assert ended is not None
    assert ended.words == "the disk was full"


@pytest.mark.parametrize("log", ["", "epoch 1 of 3\nepoch 2 of 3\n", "the error of the first epoch is 0.3\n"])
def test_a_log_without_an_error_tells_none(log: str) -> None:
    assert fault_in(log) is None


def test_a_receipts_reason_and_the_word_of_a_job_are_told_alike() -> None:
    assert fault_of("CUDA out of memory. Tried to allocate 2 GiB").lack is Lack.GPU_MEMORY
    assert fault_of("the definition is gone").words == ""
    lacks = [found.lack if (found := fault_of_end(word, None)) else None for word in ("TIMEOUT", "OUT_OF_MEMORY")]
    assert lacks == [Lack.TIME, Lack.MEMORY]
    assert fault_of_end("FAILED", 1) is None
    killed = fault_of_end("FAILED", 137)
    assert killed is not None
    assert killed.lack is Lack.MEMORY

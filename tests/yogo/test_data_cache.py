"""The decoded cache holds what the files hold, or there is none and it says why."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from yogo.datasets.cache import DecodedCache, open_cache
from yogo.definition.split import Sample
from yogo.errors import DefinitionError
from yogo.images.pixels import read_pixels

HW = (16, 24)
FRAME = 16 * 24


def make_samples(folder: Path, num: int, seed: int = 0) -> list[Sample]:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for index in range(num):
        pixels = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return [Sample(str(folder / f"{index}.png"), None, f"{folder.name}/{index}") for index in range(num)]


def opened(samples: list[Sample], folder: Path, *, rgb: bool = False, **more: object) -> DecodedCache | None:
    return open_cache(samples, image_hw=HW, rgb=rgb, folder=folder, **more)  # type: ignore[arg-type]


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    return make_samples(tmp_path / "pictures", 6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.mark.parametrize("rgb", [False, True])
def test_its_frames_are_those_of_the_files_in_whatever_order_they_are_asked_for(
    samples: list[Sample], folder: Path, rgb: bool
) -> None:
    cache = opened(samples, folder, rgb=rgb)
    assert cache is not None
    mixed = [samples[index] for index in (4, 0, 5, 4)]
    for sample, row in zip(mixed, cache.rows(mixed), strict=True):
        picture = read_pixels(sample.image, rgb=rgb, image_hw=HW)
        assert np.array_equal(cache.frames[row], picture)


def test_it_is_built_once_and_found_again_whatever_the_order_of_the_samples(
    samples: list[Sample], folder: Path
) -> None:
    told: list[tuple[int, int]] = []
    opened(samples, folder, progress=lambda *now: told.append(now))
    assert told[-1] == (6, 6)
    told.clear()
    assert opened(samples[::-1], folder, progress=lambda *now: told.append(now)) is not None
    assert told == []


def test_a_changed_picture_is_read_anew(samples: list[Sample], folder: Path) -> None:
    opened(samples, folder)
    Image.fromarray(np.full((20, 30), 7, np.uint8)).save(samples[2].image)
    cache = opened(samples, folder)
    assert cache is not None
    assert (cache.frames[cache.rows(samples)[2]] == 7).all()


@pytest.mark.parametrize("damage", [bytes, os.urandom])
def test_a_cache_whose_content_was_lost_is_built_anew(
    samples: list[Sample], folder: Path, damage: Callable[[int], bytes]
) -> None:
    cache = opened(samples, folder)
    assert cache is not None
    good = np.array(cache.frames)
    cache.path.write_bytes(damage(good.nbytes))
    again = opened(samples, folder)
    assert again is not None
    assert np.array_equal(again.frames, good)


def test_another_size_or_colour_is_another_cache(samples: list[Sample], folder: Path) -> None:
    opened(samples, folder)
    colour = opened(samples, folder, rgb=True)
    small = open_cache(samples, image_hw=(8, 12), rgb=False, folder=folder)
    assert colour is not None
    assert small is not None
    assert colour.frames.shape == (6, 3, *HW)
    assert small.frames.shape == (6, 1, 8, 12)


def test_a_broken_picture_is_named_and_leaves_nothing_behind(samples: list[Sample], folder: Path) -> None:
    samples[3].image.write_bytes(b"torn")
    with pytest.raises(DefinitionError, match=r"3\.png cannot be read as an image"):
        opened(samples, folder)
    assert [path.name for path in folder.iterdir()] == ["building.lock"]


def test_all_broken_pictures_are_named_at_once(samples: list[Sample], folder: Path) -> None:
    for number in (1, 3, 4):
        samples[number].image.write_bytes(b"torn")
    with pytest.raises(DefinitionError) as caught:
        opened(samples, folder)
    assert all(f"{number}.png cannot be read as an image" in str(caught.value) for number in (1, 3, 4))


def test_more_than_the_limit_is_refused_with_a_sentence(samples: list[Sample], folder: Path) -> None:
    notices: list[str] = []
    assert opened(samples, folder, limit_bytes=6 * FRAME - 1, notice=notices.append) is None
    assert len(notices) == 1
    assert "more than" in notices[0]
    assert "--cache-limit" in notices[0]
    assert str(folder) in notices[0]
    assert notices[0].endswith("decoded again in each epoch")


def test_the_cache_unused_for_longest_makes_room(tmp_path: Path, folder: Path) -> None:
    sets = [make_samples(tmp_path / name, 4, seed) for seed, name in enumerate("abc")]
    paths = []
    for age, some in enumerate(sets[:2]):
        cache = opened(some, folder)
        assert cache is not None
        paths.append(cache.path)
        del cache
        os.utime(paths[-1], (1000 + age, 1000 + age))
    opened(sets[0], folder)  # used again, so the other one is the older now
    assert opened(sets[2], folder, limit_bytes=8 * FRAME) is not None
    assert (paths[0].exists(), paths[1].exists()) == (True, False)


def test_a_cache_in_use_is_not_removed_for_another(tmp_path: Path, folder: Path) -> None:
    notices: list[str] = []
    held = opened(make_samples(tmp_path / "a", 4), folder)
    other = make_samples(tmp_path / "b", 4, 1)
    assert opened(other, folder, limit_bytes=6 * FRAME, notice=notices.append) is None
    assert held is not None
    assert held.path.exists()
    assert "in use" in notices[0]
    assert "--cache-limit" in notices[0]


BUILD = """
import sys
from pathlib import Path
from yogo.datasets.cache import open_cache
from yogo.definition.split import Sample

def progress(done, total):
    print("built", done, flush=True)
    if done == 1 and sys.argv[3] == "stop":
        sys.stdin.read()

paths = sorted(Path(sys.argv[1]).iterdir())
samples = [Sample(str(path), None, path.name) for path in paths]
limit = 1 if sys.argv[3] == "no room" else 10**9
cache = open_cache(samples, image_hw=(16, 24), rgb=False, folder=Path(sys.argv[2]), progress=progress,
                   limit_bytes=limit, notice=lambda sentence: print("notice", sentence, flush=True))
print("sum", None if cache is None else int(cache.frames.sum(dtype="int64")), flush=True)
"""


def builder(samples: list[Sample], folder: Path, mode: str = "go", **more: object) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", BUILD, str(samples[0].image.parent), str(folder), mode]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more)  # type: ignore[call-overload, no-any-return]


def expected_sum(samples: list[Sample]) -> int:
    return sum(int(read_pixels(sample.image, rgb=False, image_hw=HW).sum()) for sample in samples)


def test_of_two_builders_one_builds_and_the_other_waits_and_both_have_it(samples: list[Sample], folder: Path) -> None:
    with builder(samples, folder, "stop") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "built 1\n"
        with builder(samples, folder, "no room") as second:  # it could not build one itself
            assert second.stdout is not None
            assert second.stdout.readline() == "built 1\n", "who waits is told of the other's progress"
            told = next(line for line in second.stdout if not line.startswith("built"))
            assert told == f"notice Waiting for another process that builds a cache in {folder}\n"
            rest, _ = first.communicate("")
            waited, _ = second.communicate("")
    total = expected_sum(samples)
    assert rest.splitlines()[-2:] == ["built 6", f"sum {total}"]
    assert waited.splitlines()[-1] == f"sum {total}"


def test_a_builder_killed_half_way_leaves_no_cache_and_the_next_one_builds_it(
    samples: list[Sample], folder: Path
) -> None:
    with builder(samples, folder, "stop") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "built 1\n"
        first.send_signal(signal.SIGKILL)
    assert [path.suffix for path in folder.glob("*.*")].count(".frames") == 0
    with builder(samples, folder) as second:
        output, _ = second.communicate("")
    assert output.splitlines()[-1] == f"sum {expected_sum(samples)}"
    assert sorted(path.suffix for path in folder.iterdir()) == [".frames", ".lock"]


def test_who_waited_for_a_builder_that_was_killed_builds_it(samples: list[Sample], folder: Path) -> None:
    with builder(samples, folder, "stop") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "built 1\n"
        with builder(samples, folder) as second:
            assert second.stdout is not None
            assert second.stdout.readline() == "built 1\n", "it waits, and is told of the other's progress"
            first.kill()
            output, _ = second.communicate("")
    assert output.splitlines()[-2:] == ["built 6", f"sum {expected_sum(samples)}"]
    assert sorted(path.suffix for path in folder.iterdir()) == [".frames", ".lock"]


def test_a_file_system_that_cannot_hold_it_is_a_notice_and_leaves_nothing(samples: list[Sample], folder: Path) -> None:
    def only_small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    with builder(samples, folder, preexec_fn=only_small_files) as process:
        output, _ = process.communicate("")
    assert output == (
        f"notice No cache in {folder}: File too large. The images are decoded again in each epoch\nsum None\n"
    )
    assert [path.name for path in folder.iterdir()] == ["building.lock"]


def test_a_full_disk_is_a_notice(samples: list[Sample], tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a small file system can only be mounted as root")
    try:
        (disk / "full").write_bytes(bytes(60_000))
        notices: list[str] = []
        assert opened(samples * 5, disk / "cache", notice=notices.append) is None
        assert "to spare" in notices[0] or "No space left" in notices[0]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_folder_that_cannot_be_made_is_a_notice(samples: list[Sample], tmp_path: Path) -> None:
    notices: list[str] = []
    (tmp_path / "file").write_text("")
    assert opened(samples, tmp_path / "file" / "cache", notice=notices.append) is None
    assert "Not a directory" in notices[0]

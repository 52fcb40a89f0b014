"""What a log's bytes look like once a terminal's work is done on them, and what may never come out."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from yogo_tui.runs.emulator import MAX_COLUMNS, LogScreen


def rows(*lines: str) -> list[str]:
    screen = LogScreen()
    for number, line in enumerate(lines):
        screen.feed(line, number)
    return [row.text().plain for row in screen.rows]


def styles(line: str) -> list[tuple[str, Style]]:
    screen = LogScreen()
    screen.feed(line, 0)
    text = screen.rows[0].text()
    return [(text.plain[span.start : span.end], Style.parse(str(span.style))) for span in text.spans]


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("  0%|          |\r 50%|█████     |\r100%|██████████|", "100%|██████████|"),
        ("longer text\rshort", "shortr text"),
        ("longer text\r\x1b[Kshort", "short"),
        ("longer text\r\x1b[2Kshort", "short"),
        ("abcdef\x1b[3D\x1b[1K", "    ef"),
        ("12\b\b34", "34"),
        ("a\x1b[3Cb", "a   b"),
        ("abc\x1b[2DX", "aXc"),
        ("abc\x1b[1GX", "Xbc"),
        ("a\tb", "a       b"),
        ("a\x1b[99999999999999999999Cb", "a" + " " * (MAX_COLUMNS - 1) + " …"),
    ],
)
def test_a_redrawn_line_reads_as_it_would_on_a_terminal(line: str, seen: str) -> None:
    assert rows(line) == [seen]


def test_two_nested_bars_become_two_lines() -> None:
    """As tqdm draws them, with position=1 for the inner one."""
    lines = ["epoch 1", "\r batch 1\x1b[A\repoch 1", "\r batch 2\x1b[A\repoch 2", "\r batch 3\x1b[A"]
    assert rows(*lines) == ["epoch 2", " batch 3"]


def test_a_live_display_of_three_rows_shows_its_last_state_and_what_comes_after() -> None:
    """As rich redraws one: up over its rows, each erased, then all of them again."""
    again = "\r\x1b[2K\x1b[1A\x1b[2K\x1b[1A\x1b[2K"
    assert rows("one 1", "two 1", f"three 1{again}one 2", "two 2", "three 2", "done") == [
        "one 2",
        "two 2",
        "three 2",
        "done",
    ]


def test_the_cursor_does_not_leave_the_top() -> None:
    assert rows("first", "second\x1b[9A\rFIRST") == ["FIRST", "second"]


def test_colours_are_kept() -> None:
    assert styles("\x1b[1;31merror\x1b[0m and \x1b[38;5;208morange\x1b[39m \x1b[44;38;2;1;2;3mrgb\x1b[49m.") == [
        ("error", Style.parse("bold color(1)")),
        ("orange", Style.parse("color(208)")),
        ("rgb", Style.parse("#010203 on color(4)")),
        (".", Style.parse("#010203")),
    ]


@pytest.mark.parametrize("code", [5, 6, 8])
def test_nothing_blinks_and_nothing_hides(code: int) -> None:
    assert styles(f"\x1b[{code}mhere") == []


@pytest.mark.parametrize(
    "escape",
    [
        "\x1b]52;c;ZXZpbA==\x07",
        "\x1b]52;c;ZXZpbA==\x1b\\",
        "\x1b]8;;http://example.org\x1b\\",
        "\x1b]0;title\x07",
        "\x1bP$qm\x1b\\",
        "\x1bPtmux;\x1b\x1b]52;c;ZXZpbA==\x07\x1b\\",
        "\x9d52;c;ZXZpbA==\x9c",
        "\x9b2J",
        "\x1b[2J\x1b[H",
        "\x1b[?1049h",
        "\x1bc",
        "\x1b(0",
        "\x1b[6n",
        "\x07",
        "\u202e",
        "\u2028",
    ],
)
def test_every_other_escape_leaves_no_trace(escape: str) -> None:
    assert rows(f"before {escape}after") == ["before after"]


_PIECES = st.one_of(
    st.text(),
    st.sampled_from(
        [
            "\x1b",
            "\x1b[",
            "\x1b]",
            "\x9b",
            "\x9d",
            "\x1bP",
            "\r",
            "\b",
            "\t",
            "m",
            "A",
            "K",
            "C",
            "52;c;",
            ";",
            "38",
            "\x07",
        ]
    ),
)


@given(st.lists(st.lists(_PIECES).map("".join), max_size=8))
def test_no_escape_and_no_control_ever_comes_out(lines: list[str]) -> None:
    for row in rows(*(line.replace("\n", "") for line in lines)):
        assert not {unicodedata.category(character) for character in row} & {"Cc", "Cf", "Zl", "Zp"}


def test_a_very_long_line_is_cut_with_an_ellipsis() -> None:
    (row,) = rows("x" * 100_000)
    assert len(row) == MAX_COLUMNS + 2
    assert row.endswith(" …")

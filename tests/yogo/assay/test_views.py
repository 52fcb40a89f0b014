"""An assay's report as a person and a program read it: lines, plots, tables, a page."""

from __future__ import annotations

import csv
import io
import random
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from tests.yogo.assay.reports import CLASSES, at_threshold, figure, report, sample
from yogo.assay.views.charts import charts_of
from yogo.assay.views.numbers import per_ul, with_interval
from yogo.assay.views.plot_lines import plot_lines
from yogo.assay.views.report_csv import samples_csv, thresholds_csv
from yogo.assay.views.report_html import report_html
from yogo.assay.views.report_lines import report_lines
from yogo.run.assay import AssayFigure, AssayReport

VOID = {"meta"}


def bare() -> AssayReport:
    return report().model_copy(
        update={"thresholds": (), "best": None, "samples": (), "correction": None, "remarks": ("No label.",)}
    )


@pytest.mark.parametrize("scale", [1e-6, 0.01, 1.0, 37.0, 1e5])
@pytest.mark.parametrize("every", [False, True])
def test_the_report_fits_a_terminal_of_80_columns(scale: float, every: bool) -> None:
    lines = list(report_lines(report(scale), all_thresholds=every))
    assert max(map(len, lines)) <= 80
    rows = [line for line in lines if re.match(r"[* ] 0\.\d\d  ", line)]
    assert len(rows) == (50 if every else 12)  # from .50 by .05, .99, and the best
    assert [line[2:6] for line in rows if line.startswith("*")] == ["0.93"]


def test_the_report_says_what_the_figures_mean() -> None:
    said = " ".join(report_lines(report()))
    assert "Best threshold: 0.93. There the limit of detection (LoD)" in said
    assert "is 300 per µL (250 to 360)." in said
    assert "told of the other, the LoD is 340 per µL." in said
    assert "from 1 negative sample; between these" in said
    assert "1,050 (900 or more)" in said
    assert "1,000 ± 120" in said
    assert "Samples: boxes above 0.9 are counted; the matrix corrects those of any probability." in said
    assert "Only 3 samples are known." in said


def test_a_threshold_that_came_with_the_checkpoint_is_not_told_as_chosen_here() -> None:
    said = " ".join(report_lines(report().model_copy(update={"chosen_here": False})))
    assert "these images did not choose it" in said
    assert "Drawn anew" not in said


def test_a_report_of_nothing_is_no_table_and_no_plot() -> None:
    lines = list(report_lines(bare()))
    assert lines[-1] == "No label."
    assert len(lines) <= 4
    assert (samples_csv(bare()), thresholds_csv(bare())) == ("", "")
    assert "<table>" not in report_html(bare(), "t", ())


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "-"), (0, "0"), (0.01, "<0.1"), (3.24, "3.2"), (9.96, "10"), (638.4, "638"), (99999.4, "99,999"),
     (99999.6, "100k"), (163_000, "163k"), (999_600, "1M"), (1.6e6, "1.6M"), (4.8e8, "5e8")],
)  # fmt: skip
def test_numbers_are_short(value: float | None, words: str) -> None:
    assert per_ul(value) == words


def test_no_number_is_longer_than_six_characters() -> None:
    rng = random.Random(1)
    assert max(len(per_ul(10 ** rng.uniform(-3, 15))) for _ in range(5000)) <= 6


def test_an_open_interval_says_or_more() -> None:
    assert with_interval(AssayFigure(value=5, low=2, is_open=True)) == "5.0 (2.0 or more)"
    assert with_interval(AssayFigure()) == "-"
    assert with_interval(AssayFigure(is_open=True)) == "-"
    assert with_interval(AssayFigure(low=600, is_open=True)) == "600 or more"
    assert with_interval(figure(600)) == "600 (500 to 720)"


def test_there_are_four_plots_and_each_fits_its_width() -> None:
    charts = charts_of(report())
    assert [one.title.split(",")[0] for one in charts] == [
        "limit of detection per µL", "false positives per µL", "sensitivity", "found per µL",
    ]  # fmt: skip
    for chart in charts:
        for width in (60, 80, 120):
            lines = list(plot_lines(chart, width=width))
            assert len(lines) == 17
            assert max(map(len, lines)) <= width
            assert len({line.index("│" if "│" in line else "┤") for line in lines[1:15]}) == 1
    assert sum("◆" in line for line in plot_lines(charts[0])) == 1
    assert sum(line.count("•") for line in plot_lines(charts[3])) == 2  # a negative sample has no place on its axis


def test_a_curve_falls_where_its_figures_fall() -> None:
    """Without intervals only the curve is drawn: its dots go down from left to right."""
    plain = [
        at_threshold(step / 100).model_copy(update={"sensitivity": AssayFigure(value=1 - step / 200)})
        for step in range(50, 100)
    ]
    chart = charts_of(report().model_copy(update={"thresholds": tuple(plain), "best": None}))[2]
    rows = [line[9:] for line in list(plot_lines(chart))[1:15]]
    first = [next(place for place, sign in enumerate(row) if sign != " ") for row in rows if row.strip()]
    assert first == sorted(first)
    assert first[0] < 10
    assert first[-1] > 55


def test_no_false_positive_is_plotted_on_an_axis_that_has_0() -> None:
    none = tuple(
        one.model_copy(update={"false_positives_per_ul": AssayFigure(value=0, low=0, high=30)})
        for one in report().thresholds
    )
    chart = charts_of(report().model_copy(update={"thresholds": none}))[1]
    assert not chart.is_log_y
    assert chart.upwards.at(0) < chart.upwards.at(30)


def test_open_and_missing_figures_are_plotted_within_the_frame() -> None:
    open_ended = tuple(
        one.model_copy(
            update={"lod_per_ul": AssayFigure(value=50, low=20, is_open=True) if place % 2 else AssayFigure()}
        )
        for place, one in enumerate(report().thresholds)
    )
    chart = charts_of(report().model_copy(update={"thresholds": open_ended}))[0]
    assert len(chart.points) == 25
    assert all(0 <= chart.upwards.at(end) <= 1 for one in chart.points for end in (one.y, one.low, one.high))
    assert max(map(len, plot_lines(chart))) <= 80


def test_the_tables_hold_every_figure_in_full() -> None:
    rows = list(csv.DictReader(io.StringIO(samples_csv(report()))))
    assert [one["sample"] for one in rows] == ["slide-1", "slide-2", "slide-3"]
    assert {f"count_{name}" for name in CLASSES} <= rows[0].keys()
    assert float(rows[1]["line_per_ul_low"]) == report().samples[1].line_per_ul.low  # type: ignore[union-attr]
    assert float(rows[1]["raw_percent"]) == pytest.approx(0.02)  # 1,000 of 5,000,000
    assert (rows[1]["matrix_per_ul_high"], rows[1]["matrix_per_ul_is_open"]) == ("", "true")
    lines = list(csv.DictReader(io.StringIO(thresholds_csv(report()))))
    assert [float(one["threshold"]) for one in lines] == [one.threshold for one in report().thresholds]
    assert [one["threshold"] for one in lines if one["is_best"] == "true"] == ["0.93"]
    assert float(lines[0]["line_covariance"]) == -1e-8


class Closed(HTMLParser):
    """Whether every element that begins ends, and what the page says."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_data(self, data: str) -> None:
        self.said += data


def test_the_page_stands_alone_and_says_names_as_they_are() -> None:
    nasty = '<script src="http://x.example/">&\x1b[31m'
    one = report().model_copy(update={"samples": (sample(nasty, 900.0), sample("b", 90.0)), "remarks": (nasty,)})
    page = report_html(one, nasty, [nasty])
    parsed = Closed()
    parsed.feed(page)
    assert parsed.open == []
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="', page)
    assert "\x1b" not in page
    assert '<script src="http://x.example/">&\\x1b[31m' in parsed.said
    assert "0.93" in parsed.said
    assert "0.02 %" in parsed.said
    assert "1,000,000" in parsed.said
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ET.fromstring(drawing)
    assert page.count("<svg") == 4


def test_a_report_without_a_limit_says_what_is_lacking() -> None:
    unknown = tuple(one.model_copy(update={"sensitivity": AssayFigure()}) for one in report().thresholds)
    said = " ".join(report_lines(report().model_copy(update={"best": None, "thresholds": unknown})))
    assert "No threshold has a limit of detection (LoD): nothing is known of the sensitivity." in said
    known = " ".join(report_lines(report().model_copy(update={"best": None})))
    assert "at none are enough targets found" in known


def test_nothing_found_of_known_targets_lies_on_the_foot_of_the_plot() -> None:
    none = sample("slide-0", 500.0).model_copy(update={"line_per_ul": AssayFigure(value=0, low=0, high=700)})
    chart = charts_of(report().model_copy(update={"samples": (none, sample("slide-1", 900.0))}))[3]
    assert chart.is_log_y
    assert chart.upwards.at(chart.points[0].y) == 0
    assert [line for line in plot_lines(chart)][-3].count("•") == 1

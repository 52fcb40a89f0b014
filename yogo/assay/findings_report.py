"""The findings of a file of counts, as lines of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from yogo.text.wording import counted

MOST_ROWS = 12


def lines_of(found: dict[str, Any]) -> Iterator[str]:
    yield f"For a sample of {found['cells']:,.0f} cells. Per µL; in brackets, intervals of 95 %."
    yield "LoB: the count that 95 % of samples without targets do not exceed."
    yield "LoD: the least per µL with which 95 % of samples exceed the LoB."
    for one in found["corrections"]:
        yield ""
        yield from _matrix(one) if one["by"] == "matrix" else _table(one)
    if found["known"]:
        yield ""
        yield from _known(found["known"])
    if found["near"]:
        yield ""
        yield "Within 25 % of the known value:"
        yield from (_near(one) for one in found["near"])
    if not (found["corrections"] or found["known"]):
        yield "FILE names no correction and no known value: there is nothing to tell of."


def _matrix(one: dict[str, Any]) -> Iterator[str]:
    yield f"Matrix of {one['model']}"
    yield f"  false positives    {_number(one['false_positives_per_ul'])}"
    yield f"  counted as target  {', '.join(f'{name} {share:.3f}' for name, share in one['sensitivities'].items())}"
    yield f"  LoB                a count of {one['lob_count']:,.0f}"
    yield f"  LoD                {_number(one['lod_per_ul'])}, of targets that are"
    mix = ", ".join(f"{name} {100 * share:.0f} %" for name, share in one["mix"].items())
    yield f"                     {mix}"


def _table(one: dict[str, Any]) -> Iterator[str]:
    yield f"Line of {one['model']}, {'clinical' if one['clinical'] else 'cultured'}"
    yield f"  threshold  sensitivity  false positives  {'LoB, count':>12}  {'LoD':>13}"
    best = one["best"]
    for row in _shown_rows(one["thresholds"], best):
        mark = "*" if best and row["threshold"] == best["threshold"] else " "
        figures = (
            f"{row['sensitivity']:>11.3f}  {_number(row['false_positives_per_ul']):>15}  {row['lob_count']:>12,.0f}"
        )
        yield f"{mark} {row['threshold']:>9g}  {figures}  {_number(row['lod_per_ul']):>13}"
    if best is None:
        yield "No threshold of 0.5 to 0.99 has an LoD."
        return
    limit = best["lod_per_ul"]
    yield f"* lowest LoD, {limit['value']:,.0f} ({_range(limit)}), by the line that chose it. The table does"
    yield "  not say how far other samples would choose another threshold."


def _known(known: dict[str, Any]) -> Iterator[str]:
    yield "Samples of known value (spread: between negative samples, beyond counting)"
    yield f"  threshold  {'false positives':>22}   spread     LoB   slope  {'LoD':>13}"
    best = known["best"]
    bent = []
    for row in _shown_rows(known["thresholds"], best):
        mark = "*" if best and row["threshold"] == best["threshold"] else " "
        threshold = "-" if row["threshold"] is None else f"{row['threshold']:g}"
        blanks, line = row["negatives"], row["line"]
        wrong = f"{_number(blanks['per_ul']['value'])} ({_range(blanks['per_ul'])})" if blanks else "no negative"
        spread = _number(blanks["spread_per_ul"]) if blanks else "-"
        slope = f"{line['slope']:.3f}" if line else "-"
        figures = f"{wrong:>22}  {spread:>7}  {_number(row['lob_count']):>6}  {slope:>6}"
        yield f"{mark} {threshold:>9}  {figures}  {_number(row['lod_per_ul']):>13}"
        if line and line["is_straight"] is False:
            bent.append(f"{threshold} (by {line['bend']:.0%} at most)")
    if bent:
        yield f"  The titration is no straight line at {', '.join(bent)}."
    yield from _best_of_known(best)
    yield from _spread(known)


def _spread(known: dict[str, Any]) -> Iterator[str]:
    """Between the negative samples, at the best threshold."""
    best = known["best"]
    for row in known["thresholds"] if best else ():
        blanks = row["negatives"]
        if row["threshold"] == best["threshold"] and blanks and blanks["spread_interval_per_ul"]:
            low, high = map(_number, blanks["spread_interval_per_ul"])
            yield f"  There the negative samples spread by {_number(blanks['spread_per_ul'])} ({low} to {high})."


def _best_of_known(best: dict[str, Any] | None) -> Iterator[str]:
    if best is None:
        return
    limit = f"{best['lod_per_ul']['value']:,.0f} ({_range(best['lod_per_ul'])})"
    low, high = best["threshold_low"], best["threshold_high"]
    yield f"* lowest LoD, {limit}."
    yield f"  Drawn anew, the samples choose {low:g} to {high:g}."
    if best["lod_elsewhere_per_ul"] is None:
        yield "  With six negative samples, it would be told of samples that did not choose it."
    else:
        yield f"  Chosen on one half of the samples, told of the other: LoD {best['lod_elsewhere_per_ul']:,.0f}."


def _near(one: dict[str, Any]) -> str:
    names = {"skip": "counts", "deskew": "matrix", "compensate": "line"}
    table = "" if one["clinical"] is None else " clinical" if one["clinical"] else " cultured"
    at = "" if one["threshold"] is None else f" at {one['threshold']:g}"
    model = "" if one["model"] is None else f" of {one['model']}"
    who = f"{names[one['kind']]}{model}{table}{at}"
    share = one["share"]
    samples = counted(one["samples"], "sample")
    return f"  {who}: {one['within']} of {samples} ({share['low']:.0%} to {share['high']:.0%})"


def _shown_rows(rows: list[dict[str, Any]], best: dict[str, Any] | None) -> list[dict[str, Any]]:
    """All where they are few; else each that is a multiple of 0.05 from 0.5 on, 0.99, and the best."""
    if len(rows) <= MOST_ROWS:
        return rows
    return [row for row in rows if _is_shown(row["threshold"]) or (best and row["threshold"] == best["threshold"])]


def _is_shown(threshold: float | None) -> bool:
    if threshold is None:
        return True
    steps = threshold * 20
    return threshold >= 0.5 and (abs(steps - round(steps)) < 1e-6 or abs(threshold - 0.99) < 1e-6)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.1f}"


def _range(limit: dict[str, float | None]) -> str:
    low, high = limit["low"], limit["high"]
    return f"{_number(low)} or more" if high is None else f"{_number(low)} to {_number(high)}"

"""Curves of runs, without a screen: numbers that are added to, axes, marks, and lines of text to draw them in.

    series = Series("train", xs, Values(ys))                     # xs rise; NaN among ys is a gap
    chart = Chart("loss", (Line(series), Line(other, tone=1, is_dotted=True)), is_log=True)
    for row in draw(chart, View(), width=80, height=12): ...     # pieces of text, each with what it is
    RunCurves().follow(history)                                  # all series of a run, by step, epoch and time

A series of millions of points costs no more to draw than the columns that there are.
"""

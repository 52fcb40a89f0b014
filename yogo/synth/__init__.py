"""Synthetic microscope frames with exact labels, to try everything on: the same seed gives the same on any machine.

Pixels are computed with sums, products and square roots only, never an exponential or a sine: those differ in the
last digit between processors' libraries, and with them a rounded pixel.
"""

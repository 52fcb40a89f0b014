"""Made-up microscope frames with exact labels, to try everything on: the same from the same seed on any machine.

Only sums, products and square roots go into a pixel, never an exponential or a sine: those differ in their
last digit from one processor's library to another's, and a rounded pixel with them.
"""

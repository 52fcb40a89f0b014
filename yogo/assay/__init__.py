"""From counted cells to the answer: how many targets per microlitre, how sure, and what is the least that shows.

Without torch. `published` repeats what published code reports; the other modules are ours. Array axes: K classes,
B samples, N nodes of an integral, T thresholds, S titration samples. A share is a fraction of the cells; per
microlitre is a share times the cells in a microlitre.
"""

"""The shares of a split, where published yogo had them."""

from yogo.definition.fractions import SplitFractions

__all__ = ["SplitFractions"]

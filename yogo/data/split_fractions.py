"""The shares of a split, where published yogo had them."""

from yogo.definition.model import SplitFractions

__all__ = ["SplitFractions"]

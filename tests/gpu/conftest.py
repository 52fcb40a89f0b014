"""What needs a GPU trains the same tiny dataset by the same command as the tests of training do."""

from tests.yogo.training.conftest import definition, yogo

__all__ = ["definition", "yogo"]

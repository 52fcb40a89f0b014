"""Import paths of published yogo: see `yogo.published.utils`."""

from yogo.published.utils import *  # noqa: F403

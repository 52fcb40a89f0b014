"""Import paths of published yogo. The code is in `yogo.published`, our own in `yogo.datasets` and `yogo.images`."""

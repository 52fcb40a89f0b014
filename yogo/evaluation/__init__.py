"""`yogo test`: evaluate a checkpoint on a definition's test images, on one or more processes."""

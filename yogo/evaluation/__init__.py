"""`yogo test`: what a checkpoint is worth on a definition's test pictures, on as many processes as it takes."""

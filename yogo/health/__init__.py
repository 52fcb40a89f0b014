"""What is wrong with images and labels though they open: `yogo check --deep`. Needs Pillow and numpy, no torch."""

"""What a site has, and whether it works: the first start, and `yogo-tui doctor`."""

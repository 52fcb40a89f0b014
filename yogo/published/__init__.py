"""The names that scripts written for published yogo import; `yogo.data`, `yogo.utils` and others re-export them."""

"""The networks there are, by name, described by numbers. Imports nothing."""

from __future__ import annotations

MODEL_NAMES = (
    "base_model",
    "silu_model",
    "double_filters",
    "triple_filters",
    "half_filters",
    "quarter_filters",
    "depth_ver_0",
    "depth_ver_1",
    "depth_ver_2",
    "depth_ver_3",
    "depth_ver_4",
    "convnext_small",
)

"""How deep an image of more than 8 bits may be. Light: requests are declared with it."""

from __future__ import annotations

from typing import Literal

Depth = Literal[8, 10, 12, 14, 16]
ImageBits = Literal["auto", Depth]
"""As a person asks for it; auto looks at the images."""

"""Numbers and their nouns, as a sentence has them."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """1 epoch, 2 epochs, 1,000 epochs: for nouns that take an s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

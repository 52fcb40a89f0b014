"""What a definition says of the sample that a folder pair shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SampleFacts:
    """What is known of the sample that a folder pair shows; nothing where it is not told."""

    name: str = ""
    """Folder pairs of one name are one sample: a slide, a flow cell, a tube."""

    target_per_microlitre: float | None = None
    """Known otherwise, such as by PCR or from a titration; 0 of a negative sample."""

    def __bool__(self) -> bool:
        return bool(self.name) or self.target_per_microlitre is not None

    def __str__(self) -> str:
        words = [f"sample {self.name}"] if self.name else []
        known = self.target_per_microlitre
        return ", ".join([*words, *([] if known is None else [f"{known:,g} per µL"])])


NO_SAMPLE = SampleFacts()

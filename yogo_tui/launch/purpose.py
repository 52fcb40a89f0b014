"""What a job is for that is not a run: to use a run's weights, or to find something out."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """What a use does; also the name of the `yogo` command that does it."""

    TEST = "test"
    INFER = "infer"
    ASSAY = "assay"
    EXPORT = "export"
    REVIEW = "review"
    LABEL = "label"
    NEXT = "next"

    @property
    def words(self) -> str:
        """What it does, in front of the run's name."""
        return _WORDS.get(self, str(self))


OF_A_DEFINITION = (Purpose.TEST, Purpose.ASSAY, Purpose.REVIEW)
"""Those that are of the definition that the run was trained on, where no other is named."""

_WORDS = {Purpose.REVIEW: "rank labels by", Purpose.LABEL: "label images by", Purpose.NEXT: "choose images to label by"}


DOCTOR_JOB, SPEED_JOB = "yogo-doctor", "yogo-speed"
"""Names of jobs that the console submits to find something out. Once they are over nobody needs to see them."""

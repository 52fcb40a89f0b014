"""The number format of the activations, by hardware and request. Weights and the loss stay in float32."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch

Name = Literal["fp32", "bf16", "fp16"]


@dataclass(frozen=True, slots=True)
class Precision:
    name: Name
    device_type: str

    @property
    def dtype(self) -> torch.dtype | None:
        """Data type of the frames that the network is given; None means the type of its weights."""
        return {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[self.name]

    def autocast(self) -> AbstractContextManager[object]:
        if self.name == "fp32":
            return nullcontext()
        return torch.autocast(self.device_type, torch.bfloat16 if self.name == "bf16" else torch.float16)

    def scaler(self) -> torch.amp.GradScaler:
        """Scales the loss of fp16, whose small gradients would vanish; does nothing for other types."""
        return torch.amp.GradScaler(self.device_type, enabled=self.name == "fp16")


def choose(asked: str, device: torch.device) -> Precision:
    """`auto` is bf16 where the hardware has it natively, else fp32; `half` is bf16 there, else fp16 on a GPU."""
    if device.type == "cuda":
        # By default a GPU's convolutions round float32 to 19 bits, but fp32 is the exact reference.
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.benchmark = True
    native = has_bf16(device)
    if asked == "half":
        return Precision("bf16" if native or device.type != "cuda" else "fp16", device.type)
    if asked == "auto":
        return Precision("bf16" if native else "fp32", device.type)
    names: dict[str, Name] = {"fp32": "fp32", "bf16": "bf16", "fp16": "fp16"}
    return Precision(names[asked], device.type)


def has_bf16(device: torch.device) -> bool:
    """Whether the hardware computes in bf16 natively, without emulation."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return False

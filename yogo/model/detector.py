"""YOGO, the detector: one look at a frame gives, for each cell of a grid, a box, an objectness and class scores.

Axes: B images, P = 5 + classes numbers a cell, Y rows and X columns of cells.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from yogo.model.network import ModelFunc, get_model_func, grid_size, initialise

base_model = get_model_func("base_model")


class YOGO(nn.Module):
    """Frames (B, 1 or 3, H, W), bytes' values or, if `normalize_images`, those divided by 255, to (B, P, Sy, Sx).

    The numbers of a cell: x and y of the centre, width, height (fractions of the frame), objectness, then
    class logits, or class probabilities with `inference`. `tuning` leaves out the Kaiming initialisation,
    for weights that will be loaded.
    """

    img_size: Tensor
    anchor_w: Tensor
    anchor_h: Tensor
    num_classes: Tensor
    clip_value: Tensor
    is_rgb: Tensor
    normalize_images: Tensor
    height_multiplier: Tensor
    width_multiplier: Tensor
    _Cxs: Tensor
    _Cys: Tensor

    def __init__(  # noqa: PLR0917 - callers of the published class give these by position
        self,
        img_size: tuple[int, int],
        anchor_w: float,
        anchor_h: float,
        num_classes: int,
        is_rgb: bool = False,
        normalize_images: bool = False,
        inference: bool = False,
        tuning: bool = False,
        model_func: ModelFunc = base_model,
        clip_value: float = 1.0,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        self.inference = inference
        self.model_version = model_func.__name__
        self.model = model_func(num_classes, is_rgb)
        if not tuning:
            initialise(self.model)
        self.register_buffer("img_size", torch.tensor([int(pixels) for pixels in img_size]))
        self.register_buffer("anchor_w", torch.tensor(float(anchor_w)))
        self.register_buffer("anchor_h", torch.tensor(float(anchor_h)))
        self.register_buffer("num_classes", torch.tensor(int(num_classes)))
        self.register_buffer("clip_value", torch.tensor(float(clip_value)))
        self.register_buffer("is_rgb", torch.tensor(bool(is_rgb)))
        self.register_buffer("normalize_images", torch.tensor(bool(normalize_images)))
        self._lay_grid(int(img_size[0]), int(img_size[1]))
        self.register_buffer("height_multiplier", torch.tensor(1.0))
        self.register_buffer("width_multiplier", torch.tensor(1.0))
        self.to(device)

    @classmethod
    def from_pth(cls, path: str | Path, inference: bool = False) -> tuple[YOGO, dict[str, Any]]:
        """The model in a checkpoint file, on the CPU, and what else a caller asks of the file. Raises CheckpointError.

        The second holds epoch, step, class_names (None where the file has none), normalize_images, image_bits (how deep
        pictures of more than 8 bits are, if that is known), model_name (the run's), model_version (the network's) and
        notices; these are also given as warnings.
        """
        from yogo.checkpoint import load_checkpoint
        from yogo.model.opening import open_model

        checkpoint = load_checkpoint(path)
        model, notices = open_model(checkpoint, inference=inference)
        for notice in notices:
            warnings.warn(notice, stacklevel=2)
        return model, {
            "epoch": checkpoint.epoch,
            "step": checkpoint.step,
            "class_names": list(checkpoint.classes) if checkpoint.classes is not None else None,
            "normalize_images": bool(model.normalize_images),
            "image_bits": checkpoint.image_bits,
            "model_name": checkpoint.run_name,
            "model_version": model.model_version,
            "notices": notices,
        }

    @property
    def device(self) -> torch.device:
        return self._Cxs.device

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())

    def num_params(self) -> int:
        return self.num_parameters

    def param_norm(self) -> float:
        """The length of all weights as one vector."""
        return _length([parameter.detach() for parameter in self.parameters()])

    def grad_norm(self) -> float:
        """The length of all gradients as one vector; 0 where there are none."""
        return _length([parameter.grad for parameter in self.parameters() if parameter.grad is not None])

    def get_img_size(self) -> tuple[int, int]:
        """(height, width) of the frames."""
        height, width = self.img_size.tolist()
        return int(height), int(width)

    def get_grid_size(self, img_size: tuple[int, int] | None = None) -> tuple[int, int]:
        """(Sx, Sy) for frames of (height, width), this model's own if none are given."""
        height, width = self.img_size.tolist() if img_size is None else img_size
        return grid_size(self.model, int(height), int(width))

    def resize_model(self, img_height: int | None = None, img_width: int | None = None) -> None:
        """Serve frames of another size with the same weights: cells, and so boxes, keep their size in pixels.

        Asked for again, it multiplies the multipliers on, so that back is back; the published one overwrites them
        by those of the last step alone.
        """
        height, width = self.img_size.tolist()
        new_height = height if img_height is None else int(img_height)
        new_width = width if img_width is None else int(img_width)
        self._lay_grid(new_height, new_width)
        self.height_multiplier.mul_(height / new_height)
        self.width_multiplier.mul_(width / new_width)
        self.img_size.copy_(torch.tensor([new_height, new_width]))

    def _lay_grid(self, height: int, width: int) -> None:
        """Where each cell begins, in fractions of the frame."""
        columns_rows = grid_size(self.model, height, width)
        if min(height, width, *columns_rows) < 1:
            raise ValueError(f"frames of {height}x{width} pixels are too small for {self.model_version}")
        self.Sx, self.Sy = columns_rows
        like = self.anchor_w
        columns = torch.linspace(0, 1 - 1 / self.Sx, self.Sx, dtype=torch.float32)
        rows = torch.linspace(0, 1 - 1 / self.Sy, self.Sy, dtype=torch.float32)
        self.register_buffer("_Cxs", columns.expand(self.Sy, self.Sx).to(like, copy=True))
        self.register_buffer("_Cys", rows[:, None].expand(self.Sy, self.Sx).to(like, copy=True))

    def forward(self, x: Tensor) -> Tensor:
        """(B, P, Sy, Sx) of frames (B, C, H, W) of any kind of number; a frame (C, H, W) is a batch of one.

        A grey network takes (B, H, W) too.
        """
        if x.ndim == 3:
            x = x[None] if bool(self.is_rgb) else x[:, None]
        if not x.is_floating_point():
            x = x.to(self._Cxs.dtype)
        t_BPYX: Tensor = self.model(x)
        if t_BPYX.dtype in {torch.float16, torch.bfloat16}:
            # Sixteen bits cannot tell neighbouring pixels of a frame apart, and overflow in the exponential.
            t_BPYX = t_BPYX.float()
        classes = t_BPYX[:, 5:].softmax(1) if self.inference else t_BPYX[:, 5:]
        size = t_BPYX[:, 2:4].clamp(max=80).exp()
        cells = (
            t_BPYX[:, 0].sigmoid() / self.Sx + self._Cxs,
            t_BPYX[:, 1].sigmoid() / self.Sy + self._Cys,
            size[:, 0] * (self.anchor_w * self.width_multiplier),
            size[:, 1] * (self.anchor_h * self.height_multiplier),
            t_BPYX[:, 4].sigmoid(),
        )
        return torch.cat((torch.stack(cells, 1), classes), 1)


def _length(parts: list[Tensor]) -> float:
    return float(torch.linalg.vector_norm(torch.stack([part.norm() for part in parts]))) if parts else 0.0

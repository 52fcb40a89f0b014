"""YOGO, the detector: a single pass over a frame gives a box, an objectness and class scores for each grid cell.

Axes: B images, P = 5 + classes numbers a cell, Y rows and X columns of cells.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from yogo.checkpoint import Checkpoint, load_checkpoint
from yogo.model.network import ModelFunc, get_model_func, grid_size, initialise
from yogo.model.opening import cannot_open, opened

base_model = get_model_func("base_model")


class YOGO(nn.Module):
    """Maps frames (B, 1 or 3, H, W), byte values or, if `normalize_images`, these divided by 255, to (B, P, Sy, Sx).

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
        self._num_channels = 3 if is_rgb else 1
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
        """The model in a checkpoint file, on the CPU, and facts about the file. Raises CheckpointError.

        The facts are epoch, step, class_names (None if the file has none), normalize_images, image_bits (how deep
        images of more than 8 bits are, if that is known), count_thresholds (for each class the score above which it is
        counted: see yogo.run.count_thresholds; None without any), count_correction (what is known of its mistakes in
        counting, as yogo.run.correction.CountCorrection stores it; None without any), model_name (the run's),
        model_version (the network's) and notices; these are also given as warnings.
        """
        checkpoint = load_checkpoint(path)
        model, notices = open_model(checkpoint, inference=inference)
        own, correction = checkpoint.count_thresholds, checkpoint.count_correction
        for notice in notices:
            warnings.warn(notice, stacklevel=2)
        return model, {
            "epoch": checkpoint.epoch,
            "step": checkpoint.step,
            "class_names": list(checkpoint.classes) if checkpoint.classes is not None else None,
            "normalize_images": bool(model.normalize_images),
            "image_bits": checkpoint.image_bits,
            "count_thresholds": {name: one.used for name, one in own.of_class.items()} if own else None,
            "count_correction": correction.facts if correction else None,
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
        """The norm of all weights as one vector."""
        return _length([parameter.detach() for parameter in self.parameters()])

    def grad_norm(self) -> float:
        """The norm of all gradients as one vector; 0 if there are none."""
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
        """Set the size of the frames, with the same weights: grid cells, and so boxes, keep their size in pixels.

        Repeated calls multiply the multipliers, so that resizing back restores them; published yogo overwrites them
        with those of the last call only.
        """
        height, width = self.img_size.tolist()
        new_height = height if img_height is None else int(img_height)
        new_width = width if img_width is None else int(img_width)
        self._lay_grid(new_height, new_width)
        self.height_multiplier.mul_(height / new_height)
        self.width_multiplier.mul_(width / new_width)
        self.img_size.copy_(torch.tensor([new_height, new_width]))

    def _lay_grid(self, height: int, width: int) -> None:
        """Where each grid cell begins, in fractions of the frame."""
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
        """(B, P, Sy, Sx) for frames (B, C, H, W) of any number type; a frame (C, H, W) is a batch of one.

        A grey network takes (B, H, W) too. Raises TypeError and ValueError for other input.
        """
        if not isinstance(x, Tensor):
            raise TypeError(f"frames must be a tensor, not {type(x).__name__}: torch.as_tensor converts an array")
        if x.ndim == 3:
            x = x[None] if bool(self.is_rgb) else x[:, None]
        if x.ndim != 4 or x.shape[1] != self._num_channels:
            expected = f"(images, {self._num_channels}, height, width)"
            raise ValueError(f"frames must be {expected} for this model, not {tuple(x.shape)}")
        t_BPYX: Tensor = self.model(x.to(self._Cxs.dtype))
        if t_BPYX.shape[2:] != self._Cxs.shape:
            given = f"{x.shape[2]}x{x.shape[3]}"
            raise ValueError(
                f"this model takes frames of {'x'.join(map(str, self.get_img_size()))} pixels, not {given}: "
                f"call resize_model({x.shape[2]}, {x.shape[3]}) to use those"
            )
        if t_BPYX.dtype in {torch.float16, torch.bfloat16}:
            # Sixteen bits cannot distinguish neighbouring pixels of a frame, and overflow in the exponential.
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


def open_model(checkpoint: Checkpoint, *, inference: bool = False) -> tuple[YOGO, tuple[str, ...]]:
    """The checkpoint's model, on the CPU (in eval mode for inference), and notices for the user.

    Raises CheckpointError when the weights are not those of a network that we know.
    """
    found = opened(checkpoint)
    try:
        model = YOGO(
            found.img_size,
            found.anchor_w,
            found.anchor_h,
            found.num_classes,
            is_rgb=found.is_rgb,
            normalize_images=found.normalize_images,
            inference=inference,
            tuning=True,
            model_func=get_model_func(found.network),
            clip_value=found.clip_value,
        )
        model.model.load_state_dict(found.weights)
    except (ValueError, OverflowError, RuntimeError) as error:
        raise cannot_open(checkpoint, error) from error
    model.height_multiplier.fill_(found.height_multiplier)
    model.width_multiplier.fill_(found.width_multiplier)
    return (model.eval() if inference else model), found.notices


def _length(parts: list[Tensor]) -> float:
    return float(torch.linalg.vector_norm(torch.stack([part.norm() for part in parts]))) if parts else 0.0

"""The processes that train together. Nothing outside this module asks which of them it is.

A lone process is a world of one, in which every collective is what it is given. In a larger one, tensors
travel by the backend of their device; words between the processes (what to do next) by gloo, on the host, so
that no agreement waits for a GPU.
"""

from __future__ import annotations

import contextlib
import datetime
import inspect
import os
import re
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from yogo.errors import TrainingError
from yogo.memory import full_memory_said
from yogo.training.meeting import meet
from yogo.training.place import Place

T = TypeVar("T")
M = TypeVar("M", bound=nn.Module)

_MEETING = datetime.timedelta(minutes=30)
"""How long the others wait for rank 0, which may have to read a large dataset for the first time."""

_RENAMED = "forward_sync_buffers" in inspect.signature(DistributedDataParallel).parameters
_KEEPS_BUFFERS: dict[str, Any] = {"forward_sync_buffers" if _RENAMED else "broadcast_buffers": False}
"""How DDP is told not to send rank 0's buffers along with each step; torch 2.15 renamed it."""

_FAILURE = "yogo/failure"


class PeerLost(TrainingError):
    """Another process of the run has ended."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason or "another process of the run was killed, or lost")
        self.reason = reason
        """Its last words, if it had any."""


class World:
    """All processes of the run, seen from one of them."""

    def __init__(self, place: Place, device: torch.device, group: Any = None) -> None:
        self.place = place
        self.size = place.world_size
        self.device = device
        self._control = group

    @property
    def is_alone(self) -> bool:
        """Whether there is no process group, so that nothing has to be said or averaged."""
        return self._control is None

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes and speaks."""
        return self.place.rank == 0

    def share(self, value: T | None) -> T:
        """What the leading process gives, on every process."""
        box: list[Any] = [value]
        if not self.is_alone:
            with _peers():
                dist.broadcast_object_list(box, group=self._control)
        shared: T = box[0]
        return shared

    def gather(self, value: T) -> list[T]:
        """Every process's value, on every process, by rank."""
        values: list[Any] = [value]
        if not self.is_alone:
            values = [None] * self.size
            with _peers():
                dist.all_gather_object(values, value, group=self._control)
        return values

    def agree(self, *wishes: int) -> tuple[int, ...]:
        """The greatest of each wish over all processes. Talks on the host only, so no device is waited for."""
        if self.is_alone:
            return wishes
        words = torch.tensor(wishes)
        with _peers():
            dist.all_reduce(words, dist.ReduceOp.MAX, group=self._control)
        return tuple(words.tolist())

    def sum(self, values: Tensor) -> Tensor:
        """`values` added up over all processes; on the device."""
        if not self.is_alone:
            with _peers():
                dist.all_reduce(values)
        return values

    @contextlib.contextmanager
    def averaging(self) -> Iterator[None]:
        """Around backward, in which the processes average their gradients. Raises PeerLost."""
        with contextlib.nullcontext() if self.is_alone else _peers():
            yield

    def accumulating(self, network: nn.Module) -> AbstractContextManager[None]:
        """Around forward and backward of a batch whose gradients are averaged with those of a later one."""
        return network.no_sync() if isinstance(network, DistributedDataParallel) else contextlib.nullcontext()

    def align(self, model: nn.Module) -> None:
        """Give every process the leading one's weights and buffers: batch norm has seen other pictures on each."""
        if not self.is_alone:
            with _peers():
                for tensor in model.state_dict().values():
                    dist.broadcast(tensor, 0)

    def synchronized(self, model: M) -> M:
        """`model`, its batch norm over the pictures of all processes. Raises TrainingError where that cannot be."""
        if self.is_alone:
            return model
        if self.device.type != "cuda":
            raise TrainingError("--sync-batch-norm needs GPUs: torch cannot do it on the CPU, so leave it out there")
        converted: M = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return converted

    def parallel(self, model: nn.Module) -> nn.Module:
        """`model`, its gradients averaged over all processes while backward runs."""
        if self.is_alone:
            return model
        ids = [self.device.index] if self.device.type == "cuda" else None
        _lay_out_as_gradients(model)
        with _peers():
            return DistributedDataParallel(model, device_ids=ids, gradient_as_bucket_view=True, **_KEEPS_BUFFERS)

    def hosts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.gather(socket.gethostname())))


@contextlib.contextmanager
def joined(place: Place, device: torch.device) -> Iterator[World]:
    """The world, met and left again. An error that ends this process is told to the others first."""
    if not place.meeting:
        yield World(place, device)
        return
    control = _connected(place, device)
    try:
        yield World(place, device, control)
    except PeerLost:
        raise
    except Exception as error:
        _tell(f"process {place.rank}: {error}")
        raise
    finally:
        with contextlib.suppress(RuntimeError):
            dist.destroy_process_group()


def _connected(place: Place, device: torch.device) -> Any:
    """The group in which words travel, of processes that have all come. Raises TrainingError."""
    store = meet(place)
    try:
        dist.init_process_group(
            "nccl" if device.type == "cuda" else "gloo",
            store=store,
            rank=place.rank,
            world_size=place.world_size,
            timeout=_MEETING,
            device_id=device if device.type == "cuda" else None,
        )
        return dist.new_group(backend="gloo", timeout=_MEETING)
    except RuntimeError as error:
        if not _COLLECTIVE.search(str(error)):
            raise
        first_line = (str(error).splitlines() or [""])[0]
        raise TrainingError(
            "the processes have met, but cannot reach one another (GLOO_SOCKET_IFNAME and NCCL_SOCKET_IFNAME name the "
            f"network that they are to use), or one has ended: {first_line}"
        ) from error


@contextlib.contextmanager
def _peers() -> Iterator[None]:
    """A collective that fails means that another process has gone: gloo and NCCL say so in many words."""
    try:
        yield
    except RuntimeError as error:
        if not _COLLECTIVE.search(str(error)):
            raise
        silent = f"another process did not answer for {_MEETING}" if _LATE.search(str(error)) else ""
        raise PeerLost(_told() or silent) from error


_COLLECTIVE = re.compile(r"gloo|nccl|peer|timed? ?out|store|connection|socket|rendezvous", re.IGNORECASE)


_LATE = re.compile(r"timed? ?out", re.IGNORECASE)


def _tell(sentence: str) -> None:
    with contextlib.suppress(RuntimeError, ValueError):
        dist.distributed_c10d._get_default_store().set(_FAILURE, sentence)


def _told() -> str:
    with contextlib.suppress(RuntimeError, ValueError):
        store = dist.distributed_c10d._get_default_store()
        if store.check([_FAILURE]):
            return str(store.get(_FAILURE).decode(errors="replace"))
    return ""


def choose_device(asked: str | None, place: Place) -> torch.device:
    """This process's device: one GPU each where there are any, else the CPU. Raises TrainingError."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    kind, _, index = (asked or ("cuda" if count else "cpu")).partition(":")
    if kind == "cpu":
        return torch.device("cpu")
    if kind != "cuda" or (index and not index.isdecimal()):
        raise TrainingError(f"--device {asked} is not a device: cpu, cuda or cuda:N")
    if count == 0:
        raise TrainingError(f"--device {asked}: no GPU is visible here (try --device cpu, or leave it out)")
    chosen = int(index) if index else place.local_rank
    if index and place.world_size > 1:
        raise TrainingError(f"--device {asked} names one GPU for {place.world_size} processes: say --device cuda")
    if count == 1 and not index and _has_own_gpu(place):
        chosen = 0
    if chosen >= count:
        raise TrainingError(f"there is no GPU {chosen}: {count} visible, {place.local_world_size} processes here")
    device = torch.device("cuda", chosen)
    with full_memory_said(device, "another program has it, and nvidia-smi tells which", TrainingError):
        torch.cuda.set_device(device)  # the first call that needs memory there
    return device


def _has_own_gpu(place: Place) -> bool:
    """Whether srun shows each of its tasks one GPU only (--gpus-per-task, --gpu-bind), all of them called 0."""
    if os.environ.get("SLURM_GPUS_PER_TASK"):
        return True
    of_node = os.environ.get("SLURM_STEP_GPUS") or os.environ.get("SLURM_JOB_GPUS", "")
    return len(of_node.split(",")) >= place.local_world_size > 1


def _lay_out_as_gradients(model: nn.Module) -> None:
    """Lay out weights of one input channel row by row, as a GPU lays out their gradients.

    Both layouts of such a weight hold the same bytes in the same order, but DDP compares strides, and warns.
    """
    for parameter in model.parameters():
        if parameter.is_cuda and parameter.dim() == 4 and parameter.shape[1] == 1:
            parameter.data = parameter.data.clone(memory_format=torch.contiguous_format)

"""The process group: the processes (ranks) that train together.

A single process is a world of size 1, in which every collective returns its input. In a larger one, tensors
use the backend of their device, and messages between the processes (what to do next) use gloo on the host, so
that they never wait for a GPU.
"""

from __future__ import annotations

import contextlib
import datetime
import inspect
import re
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from yogo.device.memory import full_memory_said
from yogo.distributed.rank_info import RankInfo, has_own_gpu
from yogo.distributed.rendezvous import meet
from yogo.errors import TrainingError, first_line
from yogo.run import killed
from yogo.text.wording import counted

T = TypeVar("T")
M = TypeVar("M", bound=nn.Module)

_MEETING = datetime.timedelta(minutes=30)
"""How long the other ranks wait for rank 0, which may have to read a large dataset for the first time."""

_RENAMED = "forward_sync_buffers" in inspect.signature(DistributedDataParallel).parameters
_KEEPS_BUFFERS: dict[str, Any] = {"forward_sync_buffers" if _RENAMED else "broadcast_buffers": False}
"""The option by which DDP does not broadcast rank 0's buffers at each step; torch 2.15 renamed it."""

_FAILURE = "yogo/failure"


class PeerLost(TrainingError):
    """Another process of the run has ended."""

    def __init__(self, reason: str, ending: str = "") -> None:
        """`ending` is how it ended, as the launcher tells it."""
        super().__init__(reason or ending or "another process of the run was killed or lost")
        self.reason = reason
        """The reason that it gave, if any."""


class World:
    """All processes of the run, seen from one of them."""

    def __init__(self, rank_info: RankInfo, device: torch.device, group: Any = None) -> None:
        self.rank_info = rank_info
        self.size = rank_info.world_size
        self.device = device
        self._control = group

    @property
    def is_alone(self) -> bool:
        """Whether there is no process group, so that nothing has to be communicated or averaged."""
        return self._control is None

    @property
    def is_main(self) -> bool:
        """Whether this is the main process (rank 0), which writes files and messages."""
        return self.rank_info.rank == 0

    def broadcast_object(self, value: T | None) -> T:
        """The main process's object, on every process."""
        box: list[Any] = [value]
        if not self.is_alone:
            with _peers():
                dist.broadcast_object_list(box, group=self._control)
        shared: T = box[0]
        return shared

    def all_gather(self, value: T) -> list[T]:
        """Every process's object, on every process, in order of rank."""
        values: list[Any] = [value]
        if not self.is_alone:
            values = [None] * self.size
            with _peers():
                dist.all_gather_object(values, value, group=self._control)
        return values

    def all_reduce_max(self, *wishes: int) -> tuple[int, ...]:
        """The element-wise maximum over all processes. Runs on the host, so it waits for no device."""
        if self.is_alone:
            return wishes
        words = torch.tensor(wishes)
        with _peers():
            dist.all_reduce(words, dist.ReduceOp.MAX, group=self._control)
        return tuple(words.tolist())

    def all_reduce_sum(self, values: Tensor) -> Tensor:
        """The sum of `values` over all processes, on the device."""
        if not self.is_alone:
            with _peers():
                dist.all_reduce(values)
        return values

    def averaging(self) -> AbstractContextManager[None]:
        """Wraps backward, in which the processes average their gradients. Raises PeerLost."""
        return contextlib.nullcontext() if self.is_alone else _peers()

    def no_sync(self, network: nn.Module) -> AbstractContextManager[None]:
        """Wraps forward and backward of a batch whose gradients are averaged together with those of a later batch."""
        return network.no_sync() if isinstance(network, DistributedDataParallel) else contextlib.nullcontext()

    def broadcast_weights(self, model: nn.Module) -> None:
        """Give every process the weights and buffers of rank 0, since batch norm sees different images on each."""
        if not self.is_alone:
            with _peers():
                for tensor in model.state_dict().values():
                    dist.broadcast(tensor, 0)

    def convert_sync_batch_norm(self, model: M) -> M:
        """`model` with batch norm over the images of all processes. Raises TrainingError if that is not possible."""
        if self.is_alone:
            return model
        if self.device.type != "cuda":
            raise TrainingError(
                "--sync-batch-norm needs GPUs: torch does not support it on the CPU, so leave it out there"
            )
        converted: M = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return converted

    def wrap_ddp(self, model: nn.Module) -> nn.Module:
        """`model` wrapped in DDP, which averages its gradients over all processes during backward."""
        if self.is_alone:
            return model
        ids = [self.device.index] if self.device.type == "cuda" else None
        _lay_out_as_gradients(model)
        with _peers():
            return DistributedDataParallel(model, device_ids=ids, gradient_as_bucket_view=True, **_KEEPS_BUFFERS)

    def hostnames(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.all_gather(socket.gethostname())))


@contextlib.contextmanager
def joined(rank_info: RankInfo, device: torch.device) -> Iterator[World]:
    """Joins the process group, and leaves it at the end. An error here is sent to the others first."""
    if not rank_info.init_method:
        yield World(rank_info, device)
        return
    control = _connected(rank_info, device)
    try:
        yield World(rank_info, device, control)
    except PeerLost:
        raise
    except Exception as error:
        _tell(f"process {rank_info.rank}: {error}")
        raise
    finally:
        with contextlib.suppress(RuntimeError):
            dist.destroy_process_group()


def _connected(rank_info: RankInfo, device: torch.device) -> Any:
    """The gloo group for messages on the host, once all processes have joined. Raises TrainingError."""
    store = meet(rank_info)
    try:
        dist.init_process_group(
            "nccl" if device.type == "cuda" else "gloo",
            store=store,
            rank=rank_info.rank,
            world_size=rank_info.world_size,
            timeout=_MEETING,
            device_id=device if device.type == "cuda" else None,
        )
        return dist.new_group(backend="gloo", timeout=_MEETING)
    except RuntimeError as error:
        if not _COLLECTIVE.search(str(error)):
            raise
        raise TrainingError(
            "the processes have joined but cannot reach one another (GLOO_SOCKET_IFNAME and NCCL_SOCKET_IFNAME name "
            f"the network to use), or one has ended: {first_line(error)}"
        ) from error


@contextlib.contextmanager
def _peers() -> Iterator[None]:
    """Turns the failure of a collective into PeerLost: gloo and NCCL report a lost process in many ways."""
    try:
        yield
    except RuntimeError as error:
        if not _COLLECTIVE.search(str(error)):
            raise
        silent = f"another process did not answer for {_MEETING}" if _LATE.search(str(error)) else ""
        reason = _told() or silent
        raise PeerLost(reason, "" if reason else killed.told()) from error


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


def choose_device(asked: str | None, rank_info: RankInfo) -> torch.device:
    """This process's device: one GPU for each process if there are GPUs, else the CPU. Raises TrainingError."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    kind, _, index = (asked or ("cuda" if count else "cpu")).partition(":")
    if kind == "cpu":
        return torch.device("cpu")
    if kind != "cuda" or (index and not index.isdecimal()):
        raise TrainingError(f"--device {asked} is not a device: cpu, cuda or cuda:N")
    if count == 0:
        raise TrainingError(f"--device {asked}: no GPU is visible here (try --device cpu, or leave it out)")
    chosen = int(index) if index else rank_info.local_rank
    if index and rank_info.world_size > 1:
        raise TrainingError(f"--device {asked} names one GPU for {rank_info.world_size} processes: use --device cuda")
    if count == 1 and not index and has_own_gpu(rank_info):
        chosen = 0
    if chosen >= count:
        here = counted(rank_info.local_world_size, "process")
        raise TrainingError(f"there is no GPU {chosen}: {count} visible, {here} here")
    device = torch.device("cuda", chosen)
    with full_memory_said(device, "another program uses it, and nvidia-smi shows which", TrainingError):
        torch.cuda.set_device(device)  # the first call that needs memory there
    return device


def _lay_out_as_gradients(model: nn.Module) -> None:
    """Store weights of one input channel row by row, as a GPU stores their gradients.

    Both layouts of such a weight hold the same bytes in the same order, but DDP compares strides and warns.
    """
    for parameter in model.parameters():
        if parameter.is_cuda and parameter.dim() == 4 and parameter.shape[1] == 1:
            parameter.data = parameter.data.clone(memory_format=torch.contiguous_format)

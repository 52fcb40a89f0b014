"""A growing .npy file with a fixed number of rows and one column per object, complete after every batch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from yogo.files.atomic import naming, replacing


class GrowingArray:
    """float32 (num_rows, N) in column order, so that new columns are appended at its end.

    numpy leaves room in the header for N to grow, and it is rewritten once the columns are in the file. A reader,
    during the run or after a stop, sees every column up to the last `flush`.
    """

    def __init__(self, path: Path, num_rows: int) -> None:
        self.path = path
        self.num_rows = num_rows
        self.num_columns = 0
        with replacing(path, durable=False) as file:
            self._write_header(file)
        self._file = path.open("r+b")
        self._file.seek(0, 2)

    def append(self, columns: npt.NDArray[Any]) -> None:
        """Append columns (num_rows, n). Raises OSError, as the other methods do."""
        with self._written():
            self._file.write(np.ascontiguousarray(columns.T, np.float32).tobytes())
        self.num_columns += columns.shape[1]

    def flush(self) -> None:
        with self._written():
            self._file.flush()
            self._file.seek(0)
            self._write_header(self._file)
            self._file.flush()
            self._file.seek(0, 2)

    def close(self) -> None:
        self.flush()
        with self._written():
            self._file.close()

    @contextlib.contextmanager
    def _written(self) -> Iterator[None]:
        """After an error nothing more is written: Python itself would try the rest again when the file is collected."""
        with naming(self.path):
            try:
                yield
            except OSError:
                self._file.raw.close()
                raise

    def _write_header(self, file: IO[bytes]) -> None:
        shape = (self.num_rows, self.num_columns)
        header = {"descr": "<f4", "fortran_order": True, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)

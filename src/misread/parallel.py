"""Where the work runs: the cores of this machine, or the workers of a Dask cluster.

Everything below calls `joblib.Parallel`; this module only says what stands behind it. On a cluster, the outermost
tasks (folds, classes, trees) go to the workers, and what they start themselves stays in the worker.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from joblib import Parallel, delayed, effective_n_jobs, parallel_config
from joblib.parallel import get_active_backend
from threadpoolctl import threadpool_limits

from misread.cluster import connected
from misread.errors import ParameterError

__all__ = ["Shared", "in_blocks", "inner_threads", "is_local", "task_threads", "workers"]


class Shared:
    """Data that many tasks need, such as a tuple of arrays; a cluster sends it to each worker once.

    Joblib's Dask backend does so with single arrays; this does it for whatever else is pickled as one.
    """

    def __init__(self, value: Any, n_bytes: int) -> None:
        self.value = value
        self._n_bytes = n_bytes

    def __sizeof__(self) -> int:
        return self._n_bytes


def is_local() -> bool:
    """Whether tasks run as threads of this process, not on a cluster or in other processes."""
    backend, _ = get_active_backend()
    return bool(getattr(backend, "supports_sharedmem", False))


def task_threads() -> int:
    """Threads that each of the tasks about to start may use itself: all on this machine, one on a cluster."""
    return effective_n_jobs() if is_local() else 1


def inner_threads(n_threads: int) -> AbstractContextManager[Any]:
    """Keep what a task starts itself in its own process, on `n_threads` threads."""
    return parallel_config("threading", n_jobs=n_threads)


def in_blocks(work: Callable[[slice], None], n: int, size: int, n_jobs: int | None) -> None:
    """Call `work` with slices of at most `size` that cover 0 to n, on threads that share this process's memory."""
    blocks = [slice(start, start + size) for start in range(0, n, size)]
    if effective_n_jobs(n_jobs) == 1 or len(blocks) == 1:
        for block in blocks:
            work(block)
    else:
        Parallel(n_jobs=n_jobs, require="sharedmem")(delayed(work)(block) for block in blocks)


@contextmanager
def workers(jobs: int | None = None, engine: str | None = None) -> Iterator[None]:
    """Run everything inside the block on `jobs` cores, or on the cluster that `engine` names.

    Parameters
    ----------
    jobs : int, optional
        Cores of this machine; all by default.
    engine : str, optional
        Address of a Dask scheduler, `dask://host:port`. Folds, classes and grid points go to its workers. An array
        goes to the cluster once, however many steps need it, and stays there as long as this process has it; it
        goes again when the worker that had it is lost. The numbers are the same.

    Raises
    ------
    ParameterError
        If a value makes no sense, no scheduler answers, or its workers have other versions.
    ClusterError
        If the cluster is lost, or fails, while it works.
    MissingExtraError
        If Dask is not installed.
    """
    if jobs is not None and jobs < 1:
        raise ParameterError(f"jobs must be at least 1, got {jobs}; leave it out to use every core")
    jobs = jobs or os.cpu_count() or 1
    if engine is None:
        with parallel_config("threading", n_jobs=jobs), threadpool_limits(limits=jobs):
            yield
        return
    with connected(engine) as client, parallel_config("dask", client=client), threadpool_limits(limits=jobs):
        yield

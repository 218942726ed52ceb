"""What needs PyTorch: imported by `misread.models.network` when a network is fitted or asked, never before."""

import os

from misread.errors import MissingExtraError

__all__: list[str] = []

# Threads wait for each other often in a step. Asleep they lose a sixth of the time; spinning as long as GNU's
# OpenMP would, they take the cores from whatever else runs, and training waits for it in turn. So: spin, not long.
_SPIN = "GOMP_SPINCOUNT"
_ours = not {_SPIN, "OMP_WAIT_POLICY"} & os.environ.keys()
if _ours:
    os.environ[_SPIN] = "30000"
try:
    import safetensors  # noqa: F401
    import torch  # noqa: F401
except ImportError as error:
    raise MissingExtraError("PyTorch (with safetensors)", "deep") from error
finally:
    if _ours:
        del os.environ[_SPIN]

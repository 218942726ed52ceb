"""What needs PyTorch: imported by `misread.models.convnet` when a network is fitted or asked, never before."""

import os

from misread.errors import MissingExtraError

__all__: list[str] = []

# Threads that wait by spinning take the cores from whatever else runs, and training waits for it in turn.
_had = os.environ.get("OMP_WAIT_POLICY")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
try:
    import safetensors  # noqa: F401
    import torch  # noqa: F401
except ImportError as error:
    raise MissingExtraError("PyTorch (with safetensors)", "deep") from error
finally:
    if _had is None:
        del os.environ["OMP_WAIT_POLICY"]

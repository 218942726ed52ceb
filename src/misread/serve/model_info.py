"""What a client needs to know of the model, and of what the server takes."""

import dataclasses
from typing import Any

from misread.bundle import Bundle
from misread.bundle.description import public_description, score_names
from misread.serve.keep import Keeper
from misread.serve.limits import Limits

__all__ = ["describe", "score_names"]


def describe(bundle: Bundle, limits: Limits, keeper: Keeper | None = None) -> dict[str, Any]:
    """Describe a model as `misread.serve.schemas.ModelInfo`."""
    kept = None if keeper is None else keeper.keep.in_public()
    return {**public_description(bundle), "limits": dataclasses.asdict(limits), "keep": kept}

"""What the API takes and gives, as its OpenAPI description says it."""

from typing import Any

from pydantic import BaseModel, Field

from misread.serve.limits import Limits

__all__ = ["Failure", "Health", "ModelInfo", "Predictions", "Told", "request_body", "responses"]


class Neighbour(BaseModel):
    """A training image that is near to the one asked about."""

    label: str
    distance: float = Field(description="Euclidean distance in grey levels.")
    image: list[list[int]] = Field(description="Rows of pixels, 0 to 255.")


class Prediction(BaseModel):
    """The answer for one image."""

    label: str | None = Field(description="None where there is nothing to read.")
    state: str = Field(
        description="'sure' or 'unsure' by the model's operating point, without which no answer is sure; "
        "'unlike' where it is like no training image; 'empty' where there is nothing to read."
    )
    sure: bool = Field(description="Whether the answer passes the operating point; never without one.")
    scores: dict[str, float] = Field(description="By class; see `score_kind` of the model.")
    lead: float | None = Field(
        None,
        description="How far a classifier's best score is ahead, by which it is sure or not.",
    )
    probabilities: dict[str, float] | None = Field(
        None, description="The chance of each class, calibrated on held-out images; no scores, and no votes."
    )
    seen: list[list[int]] | None = Field(None, description="The image as the model saw it; with explain=true.")
    nearest: list[Neighbour] | None = Field(None, description="The nearest training images; with explain=true.")


class Predictions(BaseModel):
    """The answers, in the order of the images."""

    predictions: list[Prediction]


class Drawing(BaseModel):
    """How to draw like the training images."""

    fill: float = Field(description="Share of the frame that the longer side of a thing takes up.")
    ink: str = Field(description="'light' on a dark ground, or 'dark' on a light one.")


class Decision(BaseModel):
    """Where a detector's scores part."""

    threshold: float = Field(description="The score that parts yes from no.")
    inclusive: bool = Field(description="Whether this very score is a yes; else only what is above it.")


class Keeping(BaseModel):
    """Which images a server keeps, to learn from."""

    what: str = Field(description="'unsure', 'unlike', 'all', or 'sample=0.01': a share of all.")
    most: int = Field(description="Images at most; the oldest leaves first.")
    most_bytes: int = Field(description="Bytes of all of them at most.")


class Calibration(BaseModel):
    """What chances rest on."""

    kind: str = Field(description="The curve from leads to chances: the one that foretold held-out answers best.")
    n: int | None = Field(None, description="How many held-out answers it was fitted on.")
    ceiling: float = Field(description="From this chance on, say no more than 'over' it.")
    losses: dict[str, float] = Field(default_factory=dict, description="Held-out log loss of every kind of curve.")
    sure_from: float | None = Field(None, description="The chance at the operating point.")


class ModelInfo(BaseModel):
    """The model that answers."""

    task: str
    model: str
    classes: list[str]
    image_size: tuple[int, int] = Field(description="Height and width in pixels.")
    fit: str = Field(description="How image files are brought to that size: stretch, pad or mnist.")
    positive: str | None = Field(None, description="The class that a detector looks for.")
    outputs: list[str] = Field(default_factory=list, description="What a model of several labels tells.")
    decision: Decision | None = Field(None, description="From which score on a detector says yes.")
    operating_point: Any = Field(None, description="The threshold for 'sure' and how it was chosen.")
    metrics: Any = Field(None, description="How well the model did, as its file says.")
    dataset: Any = Field(None, description="What it was trained on.")
    created: str | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    score_kind: str = Field(description="'share' when scores are votes or other shares of 1, else 'score'.")
    calibration: Calibration | None = Field(None, description="How chances were found, if they are known.")
    drawing: Drawing
    limits: dict[str, float]
    keep: Keeping | None = Field(None, description="What the server keeps of what it is sent; null: nothing.")


class Told(BaseModel):
    """What was kept with a label."""

    kept: int
    label: str


class Health(BaseModel):
    """Whether the server answers."""

    status: str


class Failure(BaseModel):
    """Why there is no answer."""

    error: str = Field(description="A short fixed name of the reason.")
    detail: str = Field(description="What was expected and what came, for people.")


_REASONS = {
    400: "The body is not JSON, or not multipart/form-data",
    403: "A page of another site asks",
    408: "The body came too slowly",
    413: "Too many bytes, images or pixels",
    415: "Neither JSON nor multipart/form-data, or compressed otherwise than with gzip",
    421: "The Host header names another server",
    422: "The body does not hold images that the model can take",
    500: "The server failed; its log says why",
    503: "Busy; come back after Retry-After seconds",
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the failures that a route can answer with."""
    return {status: {"model": Failure, "description": _REASONS[status]} for status in statuses}


def request_body(image_size: tuple[int, int], limits: Limits) -> dict[str, Any]:
    """Describe the body of a prediction request: arrays of the model's size, or image files."""
    height, width = image_size
    row = {"type": "array", "minItems": width, "maxItems": width, "items": _PIXEL}
    image = {"type": "array", "minItems": height, "maxItems": height, "items": row}
    files = _images(_FILE, limits, "Image files of any size: PNG, JPEG, BMP, WebP or TIFF.")
    return {
        "required": True,
        "content": {
            "application/json": {
                "schema": _images(image, limits, f"Images of {height} rows of {width} grey levels.")
            },
            "multipart/form-data": {"schema": files, "encoding": {"images": {"contentType": _FILE_TYPES}}},
        },
    }


_PIXEL = {"type": "integer", "minimum": 0, "maximum": 255}
_FILE = {"type": "string", "format": "binary"}
_FILE_TYPES = "image/png, image/jpeg, image/bmp, image/webp, image/tiff"


def _images(item: dict[str, Any], limits: Limits, text: str) -> dict[str, Any]:
    images = {"type": "array", "minItems": 1, "maxItems": limits.batch, "items": item, "description": text}
    return {
        "type": "object",
        "properties": {"images": images},
        "required": ["images"],
        "additionalProperties": False,
    }

"""Tells schemathesis what an image file is: any picture in any of the formats that the server takes."""

import io

import schemathesis
from hypothesis import strategies as st
from PIL import Image


def _encoded(format: str, mode: str, width: int, height: int, level: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, height), level).convert(mode).save(buffer, format)
    return buffer.getvalue()


for _format, _modes in {
    "PNG": ["1", "L", "LA", "RGB", "RGBA", "P"],
    "JPEG": ["L", "RGB", "CMYK"],
    "BMP": ["1", "L", "RGB"],
    "WEBP": ["RGB", "RGBA"],
    "TIFF": ["1", "L", "RGB"],
}.items():
    _side = st.integers(1, 60)
    schemathesis.openapi.media_type(
        f"image/{_format.lower()}",
        st.builds(_encoded, st.just(_format), st.sampled_from(_modes), _side, _side, st.integers(0, 255)),
    )

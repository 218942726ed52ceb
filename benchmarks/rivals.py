"""What a user would write instead of `misread serve`: an ONNX file behind FastAPI, or behind LitServe.

A program of its own, for a Python that has them: `python benchmarks/rivals.py fastapi|litserve MODEL.onnx PORT
WORKERS`. It answers the requests of `benchmarks.serving` with class and scores, and has none of misread's limits.
"""

import os
import sys
from typing import Any

import numpy as np
import onnxruntime

KIND, FILE, PORT, WORKERS = (*sys.argv[1:], *os.environ.get("RIVAL", ",,0,1").split(","))[:4]


def opened(file: str, workers: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, (os.cpu_count() or 1) // workers)
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def predictions(session: Any, images: list[Any]) -> list[dict[str, Any]]:
    labels, scores = session.run(["label", "scores"], {"images": np.array(images, np.uint8)})
    return [{"label": int(label), "scores": row.tolist()} for label, row in zip(labels, scores, strict=True)]


def fastapi_app() -> Any:
    """As its tutorial has it: a model for what comes in, and a function that is run in a thread."""
    from fastapi import FastAPI
    from pydantic import BaseModel

    class Asked(BaseModel):
        images: list[list[list[int]]]

    app, session = FastAPI(), opened(FILE, int(WORKERS))

    @app.post("/v1/predict")
    def predict(asked: Asked) -> dict[str, Any]:
        return {"predictions": predictions(session, asked.images)}

    return app


if KIND == "litserve":
    import litserve

    class _Api(litserve.LitAPI):
        """With its batching over connections: up to 64 requests, or what comes in 2 ms."""

        def setup(self, device: str) -> None:
            self.session = opened(FILE, int(WORKERS))

        def decode_request(self, request):  # which reads annotations
            return request["images"]

        def batch(self, inputs: Any) -> Any:
            return inputs

        def predict(self, inputs: Any) -> Any:
            answers = iter(predictions(self.session, [image for images in inputs for image in images]))
            return [[next(answers) for _ in images] for images in inputs]

        def unbatch(self, output: Any) -> Any:
            return output

        def encode_response(self, output):
            return {"predictions": output}


if __name__ == "__main__":
    if KIND == "litserve":
        api = _Api(max_batch_size=64, batch_timeout=0.002, api_path="/v1/predict")
        server = litserve.LitServer(api, accelerator="cpu", workers_per_device=int(WORKERS))
        server.run(port=int(PORT), host="127.0.0.1", generate_client_file=False, log_level="error")
    else:
        import uvicorn

        os.environ["RIVAL"] = ",".join(sys.argv[1:])
        uvicorn.run(
            "rivals:fastapi_app",
            factory=True,
            host="127.0.0.1",
            port=int(PORT),
            workers=int(WORKERS),
            log_level="error",
            app_dir=os.path.dirname(os.path.abspath(__file__)),
        )

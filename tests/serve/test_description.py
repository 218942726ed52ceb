"""What the server tells of itself: the description of its API, and its metrics."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx

from misread.bundle import Bundle

Serve = Callable[..., AbstractContextManager[str]]


def test_the_description_names_the_real_bounds(client: httpx.Client) -> None:
    description = client.get("/openapi.json").json()
    body = description["paths"]["/v1/predict"]["post"]["requestBody"]["content"]
    images = body["application/json"]["schema"]["properties"]["images"]
    assert (images["maxItems"], images["items"]["minItems"]) == (256, 8)
    assert set(description["paths"]) == {"/v1/predict", "/v1/model", "/healthz"}


def test_metrics(digits_bundle: Bundle, serve: Serve) -> None:
    with serve(digits_bundle) as url:
        httpx.post(
            f"{url}/v1/predict", json={"images": digits_bundle.example_images[:3].tolist()}
        ).raise_for_status()
        httpx.post(f"{url}/v1/predict", content=b"x")
        httpx.request("BREW", f'{url}/coffee{{}}"')
        response = httpx.get(f"{url}/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = response.text.splitlines()
    for line in (
        'misread_requests_total{route="/v1/predict",method="POST",status="200"} 1',
        'misread_requests_total{route="/v1/predict",method="POST",status="415"} 1',
        'misread_requests_total{route="other",method="other",status="404"} 1',
        'misread_refused_total{reason="media-type"} 1',
        "misread_images_total 3",
        "misread_batches_total 1",
        "misread_requests_inside 0",
        "misread_body_bytes_held 0",
        'misread_predict_seconds_bucket{le="+Inf"} 2',
        "misread_predict_seconds_count 2",
    ):
        assert line in lines
    assert all(line.startswith("#") or line.split()[0].startswith(("misread_", "process_")) for line in lines)

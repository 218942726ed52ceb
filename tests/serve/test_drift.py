"""Over HTTP: a server's metrics say whether what comes in is still like the training images."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx
import numpy as np
from gates import metric, wait_until

from misread import load
from misread.recipes.train import train
from misread.serve.drift import EVERY, WINDOW


def test_metrics_say_when_what_comes_in_is_no_longer_like_the_training_images(
    serve: Callable[..., AbstractContextManager[str]],
) -> None:
    clean = load("digits").test.images[:WINDOW]
    noise = np.random.default_rng(0).integers(0, 256, clean.shape, np.uint8)
    with serve(train("knn", "digits")) as url, httpx.Client(base_url=url, timeout=60) as client:
        for images, differs, least, most in ((clean, 0, 0.0, 0.1), (noise, 1, 0.9, 1.0)):
            for start in range(0, WINDOW, EVERY):
                part = {"images": images[start : start + EVERY].tolist()}
                assert client.post("/v1/predict", json=part).status_code == 200
            # Clients have their answers before these are looked at.
            wait_until(lambda: metric(url, "misread_recent_images") == WINDOW)
            wait_until(lambda differs=differs: metric(url, "misread_recent_images_differ") == differs)
            wait_until(
                lambda least=least, most=most: least <= metric(url, "misread_recent_images_unlike_share") <= most
            )

"""What the server of a review lets in: who has the token, pages of its own, and sense."""

import httpx
import pytest


@pytest.fixture
def client(doubted, tmp_path, review_on):
    with review_on(doubted, tmp_path / "corrections.csv") as (url, desk), httpx.Client(base_url=url) as client:
        client.desk = desk
        yield client


def enter(client) -> None:
    assert client.get("/", params={"token": "a-token"}).status_code == 303


def test_only_with_the_token(client):
    for path in ("/", "/v1/review", "/static/main.js", "/v1/originals/0", "/?token=another"):
        answer = client.get(path)
        assert answer.status_code == 403, path
        assert "address" in answer.json()["detail"]
    assert client.post("/v1/next", json={"reviewer": "x", "count": 1}).status_code == 403
    enter(client)
    cookie = client.cookies.jar
    assert all(one.has_nonstandard_attr("HttpOnly") for one in cookie)
    answer = client.get("/v1/review")
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert answer.json()["progress"]["seen"] == 0


def test_no_page_of_another_site(client):
    enter(client)
    body = {"reviewer": "x", "verdicts": [{"id": 0, "verdict": "right"}], "held": []}
    assert client.post("/v1/verdicts", json=body, headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.get("/v1/review", headers={"Host": "evil.example"}).status_code == 421
    assert not client.desk.verdicts.path.exists()


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("next", {"count": 1}),
        ("next", {"reviewer": "x", "count": 1_000}),
        ("next", {"reviewer": "x" * 100, "count": 1}),
        ("verdicts", {"reviewer": "x", "verdicts": [{"id": -1, "verdict": "right"}]}),
        ("verdicts", {"reviewer": "x", "verdicts": [{"id": 10**6, "verdict": "right"}]}),
        ("verdicts", {"reviewer": "x", "verdicts": [{"id": True, "verdict": "right"}]}),
        ("verdicts", {"reviewer": "x", "verdicts": [{"id": 0, "verdict": "wrong", "label": "eleven"}]}),
        ("verdicts", {"reviewer": "x", "verdicts": [{"id": 0, "verdict": "withdrawn"}]}),
        ("verdicts", {"reviewer": "x", "verdicts": [{"id": 0, "verdict": ["right"]}]}),
        ("verdicts", {"reviewer": "x", "verdicts": ["right"]}),
        ("verdicts", {"reviewer": "x", "verdicts": [{"id": 0, "verdict": "right"}] * 101}),
        ("withdraw", {"reviewer": "x", "ids": ["a"]}),
        ("withdraw", {"reviewer": "x", "ids": [10**6]}),
    ],
)
def test_nonsense_is_told_and_nothing_is_written(client, route, body):
    enter(client)
    answer = client.post(f"/v1/{route}", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]
    assert not client.desk.verdicts.path.exists()


def test_bodies(client):
    enter(client)
    assert client.post("/v1/next", content=b"[" * 10_000).status_code == 400
    assert client.post("/v1/next", content=b"[]").status_code == 400
    assert client.post("/v1/next", content=b"x" * (2 << 20)).status_code == 413
    assert client.get("/v1/nothing").status_code == 404
    for place in ("0", "899", "900", "-1", "99999999"):
        assert client.get(f"/v1/originals/{place}").status_code == 204  # 8x8 grey: there is no more to see
    assert client.get("/v1/originals/..%2Fetc").status_code in (404, 422)


def test_pages_beyond_sixty_four_are_refused(client):
    enter(client)
    for number in range(64):
        assert client.post("/v1/next", json={"reviewer": str(number), "count": 1}).status_code == 200
    assert client.post("/v1/next", json={"reviewer": "more", "count": 1}).status_code == 422

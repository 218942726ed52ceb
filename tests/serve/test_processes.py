"""`misread serve --workers`: several processes answer at one address, and none outlives the server."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from gates import metric, wait_until

from misread.bundle import Bundle, save
from misread.serve.board import Board, Place

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")


@contextmanager
def two_processes(
    bundle: Bundle, folder: Path
) -> Iterator[tuple["subprocess.Popen[bytes]", str, Callable[[], str]]]:
    """The command with two processes; gives it, the address, and what it has said."""
    save(bundle, folder / "digits.misread")
    misread, log = str(Path(sys.executable).parent / "misread"), folder / "log"
    command = [misread, "serve", str(folder / "digits.misread"), "--port", "0", "--workers", "2"]
    with log.open("wb") as stream, subprocess.Popen(command, stderr=stream) as process:
        try:
            wait_until(lambda: "http://" in log.read_text() or process.poll() is not None, 240)
            url = re.search(r"http://\S+?:\d+", log.read_text())
            assert url, log.read_text()
            yield process, url[0], log.read_text
        finally:
            process.kill()


def family(pid: int) -> set[int]:
    """Processes that this one has started, and those that they have."""
    children: set[int] = set()
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children |= {int(child) for child in (task / "children").read_text().split()}
    return children.union(*(family(child) for child in children))


def alive(pids: set[int]) -> set[int]:
    def runs(pid: int) -> bool:
        with suppress(OSError):
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        return False

    return {pid for pid in pids if runs(pid)}


def workers(process: "subprocess.Popen[bytes]") -> list[int]:
    of = lambda pid: Path(f"/proc/{pid}/cmdline").read_bytes()  # noqa: E731
    return sorted(pid for pid in family(process.pid) if b"misread.serve.processes" in of(pid))


def test_one_that_dies_is_started_again_and_all_end_together(
    digits_bundle: Bundle, one: dict[str, Any], tmp_path: Path
) -> None:
    with two_processes(digits_bundle, tmp_path) as (process, url, said):
        for _ in range(12):
            assert httpx.post(f"{url}/v1/predict", json=one, timeout=30).status_code == 200
        wait_until(lambda: metric(url, "misread_images_total") == 12)
        wait_until(lambda: metric(url, "misread_processes") == 2, 240)
        first, second = workers(process)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: "ended (SIGKILL) and is started again" in said())
        assert httpx.post(f"{url}/v1/predict", json=one, timeout=30).status_code == 200
        assert metric(url, "misread_images_total") >= 12, "what the dead one counted is lost"
        wait_until(lambda: len(workers(process)) == 2, 60)
        wait_until(lambda: metric(url, "misread_processes") == 2, 240)
        assert second in workers(process)
        everyone = family(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert said().endswith("Stopped.\n")
        wait_until(lambda: not alive(everyone))


def test_none_is_left_when_the_parent_is_killed(digits_bundle: Bundle, tmp_path: Path) -> None:
    with two_processes(digits_bundle, tmp_path) as (process, _, _):
        everyone = family(process.pid)
        assert len(everyone) >= 2
        process.kill()
        process.wait()
        wait_until(lambda: not alive(everyone), 20)


def test_what_cannot_be_served_is_said_once(tmp_path: Path) -> None:
    misread = str(Path(sys.executable).parent / "misread")
    command = [misread, "serve", str(tmp_path / "no.misread"), "--port", "0", "--workers", "2"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1


def test_counts_add_up_and_survive_who_counted() -> None:
    board = Board(2)
    first, second = Place(board, 0), Place(board, 1)
    recent, unlike = "misread_recent_images", "misread_recent_images_unlike_share"
    first.write({"misread_images_total": 3, "misread_requests_inside": 1, recent: 50, unlike: 0.5})
    second.write({"misread_images_total": 4, "misread_requests_inside": 1, recent: 150, unlike: 0.1})
    assert first.together() == {
        "misread_images_total": 7,
        "misread_requests_inside": 2,
        recent: 200,
        unlike: pytest.approx(0.2),
    }
    board.retire(0)
    assert board.together()["misread_images_total"] == 7
    assert board.together()["misread_requests_inside"] == 1
    Place(board, 0).write({"misread_images_total": 2, "misread_requests_inside": 5})
    assert board.together()["misread_images_total"] == 9
    assert board.together()["misread_requests_inside"] == 6
    board.close()

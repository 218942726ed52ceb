"""The directive `run`: commands and Python that are run when the site is built, shown with what they print.

Nothing that a page shows can drift: what fails stops the build. Each page has an empty folder of its own, and one
namespace for its Python.

    ```{run}
    misread train knn digits --out digits.misread
    ```

Options: `:fails:` (the last command must end with an error), `:quiet:` (no output), `:hidden:` (show nothing),
`:last: N` (only the last N lines of the output). A line that ends with ` &` starts a server, which is ended with
the page; port 8000 stands for a free one.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

WIDTH = "76"
NEEDS_SHELL = re.compile(r"[|<>$*;]|&&")
ENVIRONMENT = {"COLUMNS": WIDTH, "NO_COLOR": "1", "TERM": "dumb", "MPLBACKEND": "Agg"}


@dataclass
class Page:
    """What the runs of one page share."""

    folder: Path
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})
    servers: list[subprocess.Popen] = field(default_factory=list)
    port: int = 0


PAGES: dict[str, Page] = {}


class Run(SphinxDirective):
    """Run commands (the default) or Python, and show them with what they print."""

    has_content = True
    optional_arguments = 1
    option_spec = {  # noqa: RUF012
        "fails": directives.flag,
        "hidden": directives.flag,
        "last": directives.positive_int,
        "quiet": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        """Run the block; a failure is an error of the build."""
        page = self._page()
        language = (self.arguments or ["sh"])[0]
        source = "\n".join(self.content)
        try:
            with mock.patch.dict(os.environ, ENVIRONMENT), contextlib.chdir(page.folder):
                if language == "python":
                    shown = self._shown_python(source, page)
                else:
                    shown = self._shown_commands(source, page)
        except Exception as error:
            raise self.error(f"this block does not run: {error}\n{source}") from error
        return [] if "hidden" in self.options else shown

    def _page(self) -> Page:
        if self.env.docname not in PAGES:
            folder = Path(self.env.app.doctreedir).parent / "runs" / self.env.docname
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            PAGES[self.env.docname] = Page(folder)
        return PAGES[self.env.docname]

    def _shown_python(self, source: str, page: Page) -> list[nodes.Node]:
        printed = run_python(_at_port(source, page), page.names)
        return [self._block(source, "python", "run-source"), *self._output(printed)]

    def _shown_commands(self, source: str, page: Page) -> list[nodes.Node]:
        parts, outputs = [], []
        commands = [line.rstrip() for line in re.sub(r"\\\n\s*", "\\\n  ", source).split("\n") if line.strip()]
        commands = _joined(commands)
        for place, command in enumerate(commands):
            status, printed = run_command(command.replace("\\\n  ", ""), page)
            expected = "fails" in self.options and place == len(commands) - 1
            if bool(status) != expected:
                raise RuntimeError(f"`{command}` ended with {status}:\n{printed}")
            parts.append("\n".join(f"{'> ' if i else '$ '}{line}" for i, line in enumerate(command.split("\n"))))
            outputs.append(printed)
        if "quiet" in self.options or not any(outputs):
            return [self._block("\n".join(parts), "console", "run-source")]
        shown: list[nodes.Node] = []
        for part, printed in zip(parts, outputs, strict=True):
            shown += [self._block(part, "console", "run-source"), *self._output(printed)]
        return shown

    def _output(self, printed: str) -> list[nodes.Node]:
        lines = [line.rstrip() for line in printed.rstrip().split("\n")]
        if "quiet" in self.options or not any(lines):
            return []
        if "last" in self.options:
            lines = ["…", *lines[-self.options["last"] :]]
        return [self._block("\n".join(lines), "text", "run-output")]

    def _block(self, text: str, language: str, kind: str) -> nodes.Node:
        block = nodes.literal_block(text, text, language=language, classes=[kind])
        self.set_source_info(block)
        return block


def _joined(lines: list[str]) -> list[str]:
    """Lines that end with a backslash together with the ones after them."""
    joined: list[str] = []
    for line in lines:
        if joined and joined[-1].endswith("\\"):
            joined[-1] += "\n" + line
        else:
            joined.append(line)
    return joined


def _at_port(text: str, page: Page) -> str:
    return text.replace("8000", str(page.port)) if page.port else text


def run_python(source: str, names: dict[str, Any]) -> str:
    """Run Python and give back what it printed."""
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream), warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(compile(source, "<page>", "exec"), names)
    return stream.getvalue()


def run_command(command: str, page: Page) -> tuple[int, str]:
    """Run one command line; its exit status and what it printed."""
    command = _at_port(command, page)
    if command.endswith(" &"):
        return _start_server(command.removesuffix(" &"), page)
    words = shlex.split(command, comments=True)
    if words[:1] == ["misread"] and not NEEDS_SHELL.search(command):
        return _run_misread(words[1:])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    printed = done.stdout.replace(str(page.port), "8000") if page.port else done.stdout
    # `| head` may close the pipe early, which is no failure; an error in the middle of a pipe is.
    broken = re.search(r"^(error: (?!Broken pipe)|Traceback)", printed, re.MULTILINE)
    return done.returncode or int(bool(broken)), printed


def _run_misread(words: list[str]) -> tuple[int, str]:
    """Run misread in this process, which has its libraries loaded already."""
    from misread.cli import main

    stream = io.StringIO()
    status: Any = 0
    with (
        mock.patch.object(sys, "argv", ["misread", *words]),
        contextlib.redirect_stdout(stream),
        contextlib.redirect_stderr(stream),
    ):
        try:
            main()
        except SystemExit as error:
            status = error.code or 0
        except Exception:
            traceback.print_exc(file=stream)
            status = 1
    return status, stream.getvalue()


def _start_server(command: str, page: Page) -> tuple[int, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        page.port = probe.getsockname()[1]
    words = shlex.split(command)
    if "--port" in words:
        words[words.index("--port") + 1] = str(page.port)
    else:
        words += ["--port", str(page.port)]
    log = (page.folder / "server.log").open("w")
    server = subprocess.Popen([sys.executable, "-m", *words], stdout=log, stderr=log)
    page.servers.append(server)
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", page.port), 1):
            return 0, ""
        if server.poll() is not None:
            break
        time.sleep(0.1)
    return 1, (page.folder / "server.log").read_text()


def end_page(app: Any, doctree: Any) -> None:
    """End the servers of a page that has been read."""
    page = PAGES.pop(app.env.docname, None)
    for server in page.servers if page else []:
        server.terminate()
        server.wait(30)


def setup(app: Any) -> dict[str, Any]:
    """Tell Sphinx of the directive."""
    app.add_directive("run", Run)
    app.connect("doctree-read", end_page)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}

"""Files that other programs read: Dockerfile, compose file, nginx's, CITATION.cff, pre-commit's."""

import re
import shutil
import subprocess

import pytest
import yaml
from site_pages import ROOT
from typer.testing import CliRunner

from misread import __version__
from misread.cli import app

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
INSTRUCTIONS = {
    *("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL"),
    *("RUN", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
}


def instructions():
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
    return [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]


def test_dockerfile_is_small_without_rights_and_healthy():
    lines = instructions()
    assert {name for name, _ in lines} <= INSTRUCTIONS
    last = max(i for i, (name, _) in enumerate(lines) if name == "FROM")
    stage = dict(lines[last:])
    assert "slim" in stage["FROM"]
    assert stage["USER"] not in ("root", "0")
    assert "/healthz" in stage["HEALTHCHECK"]
    for name, rest in lines:
        if name == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source


def test_what_the_container_runs_is_a_command():
    lines = dict(instructions())
    entry = yaml.safe_load(lines["ENTRYPOINT"])
    assert entry[:2] == ["misread", "serve"]
    shown = CliRunner().invoke(app, ["serve", "--help"]).output
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
    service = compose["services"]["misread"]
    for word in (*entry, *service["command"]):
        assert not word.startswith("--") or word in shown, word
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert service["read_only"] is True
    assert (ROOT / "deploy" / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


def test_the_guide_gives_compose_all_that_it_asks_for():
    compose = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")
    guide = (ROOT / "docs" / "how-to" / "deploy.md").read_text("utf-8")
    (command,) = re.findall(r"^.*docker compose .*up.*$", guide, re.MULTILINE)
    for name in re.findall(r"\$\{(\w+):\?", compose):
        assert f"{name}=" in command, name


def test_docker_takes_only_what_is_needed():
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert ignored[0] == "*"
    needed = {source for name, rest in instructions() if name == "COPY" for source in rest.split()[:-1]}
    assert {f"!{name}" for name in needed if not name.startswith(("-", "/"))} == {
        line for line in ignored if line.startswith("!")
    }


def test_nginx_takes_its_file(tmp_path):
    nginx = shutil.which("nginx")
    if nginx is None:
        pytest.skip("nginx is not installed: its file is not checked")
    text = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    text = re.sub(r"listen 443 ssl;|ssl_certificate(_key)? .*;", "", text)
    (tmp_path / "all.conf").write_text(
        f"error_log stderr;\npid {tmp_path}/pid;\nevents {{}}\nhttp {{ access_log off;\n{text}\n}}\n"
    )
    done = subprocess.run([nginx, "-t", "-c", str(tmp_path / "all.conf")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_citation_and_hooks():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors", "license"} <= set(citation)
    assert citation["version"] == __version__
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert all(repository["repo"] == "local" for repository in hooks["repos"])


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md"])
def test_every_file_that_is_named_is_there(name):
    text = (ROOT / name).read_text("utf-8")
    named = re.findall(r"`((?:src|tests|docs|deploy|benchmarks|changes)/[\w./-]+)`", text)
    assert named
    for path in named:
        assert (ROOT / path).exists(), path
    for target in re.findall(r"`make ([a-z-]+)", text):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE), target

"""The reference of the HTTP API, from the OpenAPI description that the server gives."""

from typing import Any

from misread import train
from misread.serve.app import create_app


def description() -> dict[str, Any]:
    """The OpenAPI document of a server with a small model of the digits."""
    return create_app(train("knn", "digits")).openapi()


def text() -> str:
    """The page."""
    api = description()
    parts = [
        "# HTTP API\n\nWhat [`misread serve`](commands.md#misread-serve) answers. The server gives its own "
        "description at `/openapi.json` (this page is made from it, for a model of 8x8 digits) and shows it at "
        "`/docs`. Every failure is JSON with `error`, a fixed short name, and `detail`, a sentence.\n"
    ]
    for path, methods in api["paths"].items():
        parts += [_route(method, path, about) for method, about in methods.items()]
    parts.append(
        "## GET /metrics\n\nCounters and gauges in Prometheus' text format: requests by outcome, images, batches, "
        "requests inside, memory. With several `--workers` they are of all processes together.\n"
    )
    parts.append("## What the answers hold\n")
    schemas = api["components"]["schemas"]
    parts += [_schema(name, schemas[name]) for name in schemas if "Validation" not in name]
    return "\n".join(parts)


def _route(method: str, path: str, about: dict[str, Any]) -> str:
    lines = [f"## {method.upper()} {path}", "", _sentences(about), ""]
    for one in about.get("parameters", []):
        lines += [
            f"`?{one['name']}=`",
            f": {one.get('description', '')} Default: `{one['schema'].get('default')}`.",
            "",
        ]
    for kind, body in about.get("requestBody", {}).get("content", {}).items():
        images = body["schema"]["properties"]["images"]
        lines += [f"Body `{kind}`", f": `images`, 1 to {images['maxItems']} of them. {images['description']}", ""]
    lines += ["| status | when |", "| --- | --- |"]
    for status, reply in about["responses"].items():
        lines.append(f"| {status} | {reply['description'].replace('Successful Response', 'The answer')} |")
    return "\n".join([*lines, ""])


def _sentences(about: dict[str, Any]) -> str:
    summary = about["summary"]
    return f"{summary if summary.endswith('?') else summary + '.'} {about.get('description', '')}".strip()


def _schema(name: str, schema: dict[str, Any]) -> str:
    lines = [f"### {name}", "", schema.get("description", ""), ""]
    lines += ["| field | kind | what |", "| --- | --- | --- |"]
    for field, about in schema.get("properties", {}).items():
        lines.append(f"| `{field}` | {_kind(about)} | {about.get('description', '')} |")
    return "\n".join([*lines, ""])


def _kind(about: dict[str, Any]) -> str:
    if "$ref" in about:
        name = about["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in about:
        return " or ".join(dict.fromkeys(_kind(one) for one in about["anyOf"]))
    kind = about.get("type", "anything")
    if kind == "array":
        return f"list of {_kind(about['items'] if 'items' in about else about['prefixItems'][0])}"
    if kind == "object" and isinstance(about.get("additionalProperties"), dict):
        return f"{_kind(about['additionalProperties'])} by name"
    return str(kind)

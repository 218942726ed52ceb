"""The first screen: how good is it, what does it misread, and on what data."""

from typing import Any

from misread.analysis.explained import EXPLAINED
from misread.analysis.findings import applicable, top_findings
from misread.report.evidence import Evidence

__all__ = ["glance"]


def glance(evidence: Evidence) -> dict[str, Any]:
    """Verdict, headline numbers with intervals, three findings, and the facts of the run."""
    checked = evidence.findings()
    found = applicable(checked)
    return {
        **evidence.verdict(),
        "cards": evidence.cards(),
        "findings": [vars(finding) for finding in top_findings(checked)],
        "explained": [
            {"code": one.code, "title": EXPLAINED[one.code][0], "text": EXPLAINED[one.code][1], "said": one.title}
            for one in sorted(found, key=lambda one: -one.weight)
        ],
        "n_checked": len(checked),
        "facts": _facts(evidence),
    }


def _facts(evidence: Evidence) -> list[dict[str, str]]:
    manifest = evidence.result.manifest
    dataset = manifest.get("dataset", {})
    versions = ", ".join(f"{package} {version}" for package, version in manifest.get("versions", {}).items())
    seconds = sum(evidence.result.timings.values())
    took = f"{seconds:,.0f} s on {manifest.get('cpu_count', '?')} cores, {manifest.get('platform', '')}"
    if not evidence.result.timings:
        took = ""
    shape = " × ".join(str(side) for side in dataset.get("shape", []))
    facts = [
        ("Data", f"{dataset.get('name', '')}, {shape} pixels, {len(evidence.names)} classes"),
        ("Split", evidence.split()),
        ("Content hash", f"sha256 {dataset.get('sha256', '')}"),
        ("Source", str(dataset.get("source", ""))),
        ("Licence", str(dataset.get("licence", ""))),
        ("Detects", evidence.positive),
        ("Random state", str(manifest.get("seed", ""))),
        ("Time", took),
        ("Versions", versions),
    ]
    return [{"name": name, "text": text} for name, text in facts if text]

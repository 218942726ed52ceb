"""The tables of the benchmark, and what is below its floor."""

from typing import Any

__all__ = ["failures", "markdown"]

STUDY_FLOOR = 20
COMPILE_CEILING = 15.0
MEMORY_CEILING_MB = 1024
MEMORY_GROWTH_CEILING = 1.15
TITLES = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}


def failures(report: dict[str, Any]) -> list[str]:
    """Say which rows are below their floors, and which results are not those of the reference."""
    found = []
    for engine in report["engines"]:
        others = engine["contenders"]
        reference = others["scikit-learn"]
        if reference["ratio"] < engine["floor"]:
            found.append(f"{engine['name']}: {reference['ratio']:.1f} x, floor {engine['floor']} x")
        if not reference["identical"]:
            found.append(f"{engine['name']}: results differ from scikit-learn's")
        found += [f"{engine['name']}: behind {name}" for name in engine["ahead_of"] if others[name]["ratio"] < 1]
    found += [
        f"{each['name']}: grows with the power {each['slope']:.2f}, ceiling {each['ceiling']}"
        for each in report["growth"]
        if each["slope"] > each["ceiling"]
    ]
    found += [
        f"{each['what']}: {each['limit'] / each['ours']:.2f} of the limit, floor {each['floor']}"
        for each in report["limits"]
        if each["limit"] / each["ours"] < each["floor"]
    ]
    found += [
        f"serving {each['model']}, {each['batch']} a request over {each['connections']}: "
        f"{each['predictions_per_second']:.0f} predictions a second, floor {each['floor']}"
        for each in report["serving"]
        if each["predictions_per_second"] < each["floor"]
    ]
    if report["compile"]["compile"] > COMPILE_CEILING:
        found.append(f"compiling takes {report['compile']['compile']:.1f} s, ceiling {COMPILE_CEILING} s")
    few, many = report["memory"]
    if many["peak_mb"] > MEMORY_GROWTH_CEILING * few["peak_mb"]:
        found.append(f"memory grows with folds and grid points: {few['peak_mb']:.0f} to {many['peak_mb']:.0f} MB")
    study = report["study"]
    if study["misread"]["peak_mb"] > MEMORY_CEILING_MB:
        found.append(f"the study holds {study['misread']['peak_mb']:.0f} MB, ceiling {MEMORY_CEILING_MB} MB")
    if study["misread"]["differ"]:
        found.append(f"the study's numbers differ from the notebook's: {study['misread']['differ']}")
    if "ratio" in study and study["ratio"] < STUDY_FLOOR:
        found.append(f"the study: {study['ratio']:.1f} x the stock notebook, floor {STUDY_FLOOR} x")
    return found


def markdown(report: dict[str, Any]) -> str:
    """Write all tables."""
    machine, study, around = report["machine"], report["study"], report["circumstances"]
    runs = "one run of each" if report["runs"] == 1 else f"medians of {report['runs']} runs"
    lines = [
        "# Benchmark",
        "",
        f"Written by `make bench{' FULL=1' if 'stock' in study else ''}` (commit {around['commit']}, "
        f"{around['day']}) on {around['cores']} cores ({around['processor']}): one core reads "
        f"{machine['read_gb_per_second']:.1f} GB/s and does {machine['float32_gmac_per_second']:.0f} "
        "billion float32 multiply-adds a second. "
        + ", ".join(f"{name} {number}" for name, number in around["versions"].items())
        + f". {TITLES[report['data']]}; {runs} after a first one, all in one go; "
        "ratios above 1 mean that misread is faster.",
        "",
        "| job | with | seconds | misread is faster by | at least | peak MB | same results |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for engine in report["engines"]:
        for name, each in engine["contenders"].items():
            ratio = "" if name == "misread" else f"{each['ratio']:.1f} x"
            same = "" if name == "misread" else "yes" if each["identical"] else "no"
            floor = {"scikit-learn": engine["floor"], **dict.fromkeys(engine["ahead_of"], 1)}.get(name, "")
            lines.append(
                f"| {engine['name']} | {name} | {each['seconds']:.2f} | {ratio} | {floor} | {each['peak_mb']:.0f} "
                f"| {same} |"
            )
    lines += [
        "",
        "## Growth",
        "",
        "| job | images | seconds | microseconds an image | slope | at most |",
        "| --- | --- | --- | --- | ---: | ---: |",
    ]
    for each in report["growth"]:
        pairs = list(zip(each["seconds"], each["sizes"], strict=True))
        columns = (
            ", ".join(f"{n:,}" for n in each["sizes"]),
            ", ".join(f"{s:.2f}" for s in each["seconds"]),
            ", ".join(f"{1e6 * s / n:.1f}" for s, n in pairs),
            f"{each['slope']:.2f}",
            f"{each['ceiling']}",
        )
        lines.append(f"| {each['name']} | " + " | ".join(columns) + " |")
    lines += [
        "",
        "## Against the machine's limit",
        "",
        "| plain computation | at the limit, s | ours, s | share of the limit | at least |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {each['what']} | {each['limit']:.2f} | {each['ours']:.2f} | {each['limit'] / each['ours']:.2f} "
        f"| {each['floor']} |"
        for each in report["limits"]
    ]
    lines += [
        "",
        "## Serving",
        "",
        "| model | images a request | connections | predictions a second | at least | p50 ms | p99 ms |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {each['model']} | {each['batch']} | {each['connections']} | {each['predictions_per_second']:.0f} "
        f"| {each['floor']} | {each['p50_ms']:.1f} | {each['p99_ms']:.1f} |"
        for each in report["serving"]
    ]
    compiled, (few, many) = report["compile"], report["memory"]
    lines += [
        "",
        "## The study",
        "",
        f"`misread study {report['data']}`: {study['misread']['seconds']:.1f} s with everything it writes, "
        f"{study['misread']['peak_mb']:.0f} MB at most.",
    ]
    if "stock" in study:
        lines.append(
            f"The notebook's calls with scikit-learn {study['stock']['scikit-learn']}: "
            f"{study['stock']['total']:.0f} s. misread is {study['ratio']:.1f} times faster "
            f"(at least {STUDY_FLOOR})."
        )
    lines += [
        f"Compiling all kernels, once after installation: {compiled['compile']:.1f} s (at most "
        f"{COMPILE_CEILING:.0f}; study and ladder of the digits: {compiled['cold']:.1f} s, then "
        f"{compiled['warm']:.1f} s).",
        "",
        f"Peak memory of {few['folds']} folds and {few['points']} grid points: {few['peak_mb']:.0f} MB; "
        f"of {many['folds']} and {many['points']}: {many['peak_mb']:.0f} MB.",
        "",
        *(f"**Below its floor:** {failure}" for failure in report["failures"]),
        "",
    ]
    return "\n".join(lines)

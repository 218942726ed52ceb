"""How a result came about, written down by one function: data, parameters, versions, machine."""

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any

from misread.data import Dataset
from misread.models.network import DEEP_PACKAGES

__all__ = ["described", "made_by", "packages_behind", "versions_of"]

ALWAYS = ("misread", "numpy", "scipy", "scikit-learn", "numba")
_OF_EXTRA = {"deep": DEEP_PACKAGES}


def packages_behind(*models: Any) -> tuple[str, ...]:
    """The packages that take part when these models are trained, beside those that always do.

    Parameters
    ----------
    *models : estimator or model of the zoo
        Estimators within estimators count, too.
    """
    modules: set[str] = set()
    packages: set[str] = set()
    for model in models:
        packages.update(_OF_EXTRA.get(getattr(model, "extra", ""), ()))
        for part in (model, *(model.get_params().values() if hasattr(model, "get_params") else ())):
            packages.update(getattr(type(part), "packages", ()))
            if hasattr(part, "fit"):
                modules.add(type(part).__module__.split(".")[0])
    known = packages_distributions() if modules - {"misread", "sklearn"} else {}
    packages.update(name for module in modules for name in known.get(module, ()))
    return tuple(sorted(packages - set(ALWAYS)))


def versions_of(packages: Iterable[str] = ()) -> dict[str, str]:
    """Versions of Python, of the packages that always take part, and of others where they are installed."""
    found = {"python": platform.python_version()}
    for package in (*ALWAYS, *packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def described(dataset: Dataset) -> dict[str, Any]:
    """What is kept of a data set: its name and content hash, classes, sizes, where it came from."""
    return {
        "name": dataset.name,
        "sha256": dataset.sha256,
        "source": dataset.source,
        "licence": dataset.licence,
        "class_names": list(dataset.class_names),
        "n_train": len(dataset.train),
        "n_test": len(dataset.test),
        "shape": list(dataset.shape),
        **({} if dataset.corrected is None else {"corrections": dataset.corrected.as_json()}),
    }


def made_by(packages: Iterable[str] = ()) -> dict[str, Any]:
    """What made a result: versions of all packages that took part, and the machine."""
    return {"versions": versions_of(packages), "platform": platform.platform(), "cpu_count": os.cpu_count()}

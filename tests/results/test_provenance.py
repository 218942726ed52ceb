"""How a result came about, in one place."""

from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline

from misread import load
from misread.models import KNeighborsClassifier
from misread.models.convnet import ConvNetClassifier
from misread.models.zoo import ZOO
from misread.recipes.study.step import Context, Step, step_key
from misread.results import provenance
from misread.results.provenance import packages_behind, versions_of


def test_networks_name_pytorch_wherever_they_stand():
    deep = ("safetensors", "torch")
    assert packages_behind(ZOO["convnet"]) == packages_behind(ConvNetClassifier()) == deep
    assert packages_behind(make_pipeline(ConvNetClassifier())) == deep
    assert packages_behind(ZOO["knn"], KNeighborsClassifier(), DummyClassifier()) == ()


def test_somebody_elses_estimator_names_its_package():
    class Theirs(DummyClassifier):
        pass

    Theirs.__module__ = "pytest.models"
    assert packages_behind(Theirs()) == ("pytest",)


def test_versions_of_what_is_installed():
    found = versions_of(("torch", "no-such-package"))
    assert {"python", "misread", "numpy", "numba"} <= set(found)
    assert "no-such-package" not in found


def test_a_step_is_not_reused_across_pytorch_versions(monkeypatch):
    step, context = Step("chosen", "", lambda context: None, 1), Context(load("digits"), "5", 0)
    keys = set()
    for number in ("2.2", "2.13"):
        monkeypatch.setattr(provenance, "version", lambda name, number=number: number)
        keys.add(step_key(step, context, versions_of(packages_behind(ZOO["convnet"])), ()))
    assert len(keys) == 2

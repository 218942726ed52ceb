"""Which kind of result it is, and so which story a report tells of it."""

from misread.report.evaluation import EvaluationEvidence
from misread.report.evidence import Evidence
from misread.report.study import StudyEvidence
from misread.results.study import StudyResult

__all__ = ["evidence_of"]


def evidence_of(result: StudyResult) -> Evidence:
    """What a report of `result` draws from: a study's names, or those of one model that was judged."""
    return EvaluationEvidence(result) if "model" in result.manifest else StudyEvidence(result)

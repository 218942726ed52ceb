"""`misread report`: what goes wrong with the reader of the answer is no fault of the run folder."""

import pytest

import misread.cli.report


@pytest.mark.parametrize(("as_json", "printer"), [(True, "print_json"), (False, "say")])
def test_a_closed_pipe_is_no_damaged_run(as_json, printer, digits_study, monkeypatch):

    def closed(*_, **__):
        raise BrokenPipeError

    monkeypatch.setattr(misread.cli.report, printer, closed)
    with pytest.raises(BrokenPipeError):
        misread.cli.report.report(digits_study, as_json)

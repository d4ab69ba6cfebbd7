"""The status of several runs together."""

from __future__ import annotations

import pytest

from camreel.cli.options import OutputOptions
from camreel.cli.results import ReportView


@pytest.mark.parametrize(
    ("code", "found", "status"),
    [
        (0, ["complete", "complete"], "complete"),
        (0, ["complete", "complete_so_far"], "complete_so_far"),
        (4, ["partial", "partial"], "partial"),
        (4, ["partial", "complete"], "partial"),
        (6, ["error", "error"], "error"),
        (130, ["error", "error"], "error"),
        (130, ["complete", "complete"], "partial"),
    ],
)
def test_an_interrupted_run_is_not_called_complete(code, found, status):
    """Each had its video as Ctrl-C came; what was to follow was not done."""
    assert ReportView(OutputOptions(as_json=True))._status(code, found) == status

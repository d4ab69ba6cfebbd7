"""Report an export or a listing: one value, shown as text for people and as JSON for programs. Pure."""

from __future__ import annotations

from camreel.report.as_json import (
    SCHEMA,
    JsonRows,
    asked_json,
    camera_json,
    error_json,
    json_head,
    moment_json,
    report_document,
    report_json,
    search_json,
    span_json,
)
from camreel.report.as_text import (
    aligned,
    asked_lines,
    asked_of_clips,
    camera_line,
    clock_lines,
    events_rows,
    left_out_text,
    report_text,
    times_line,
)
from camreel.report.reasons import hole_text, reason_text
from camreel.report.value import AtATime, ClipReport, OutputReport, Report

__all__ = [
    "SCHEMA",
    "AtATime",
    "ClipReport",
    "JsonRows",
    "OutputReport",
    "Report",
    "aligned",
    "asked_json",
    "asked_lines",
    "asked_of_clips",
    "camera_json",
    "camera_line",
    "clock_lines",
    "error_json",
    "events_rows",
    "hole_text",
    "json_head",
    "left_out_text",
    "moment_json",
    "reason_text",
    "report_document",
    "report_json",
    "report_text",
    "search_json",
    "span_json",
    "times_line",
]

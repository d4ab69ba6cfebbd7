"""Report an export or a listing: one value, shown as text for people and as JSON for programs. Pure."""

from __future__ import annotations

from camreel.report.as_json import (
    SCHEMA,
    JsonRows,
    asked_json,
    camera_json,
    document_json,
    error_entry,
    error_fields,
    error_json,
    json_head,
    moment_json,
    report_document,
    report_json,
    search_json,
    span_json,
)
from camreel.report.as_text import (
    asked_lines,
    asked_of_clips,
    camera_line,
    clock_lines,
    clock_notes,
    events_rows,
    left_out_text,
    report_lines,
    report_text,
    times_line,
)
from camreel.report.headline import outcome_word
from camreel.report.lines import ReportLine, Tone, pieces_of, plain_text
from camreel.report.reasons import MAY_GROW, hole_text, reason_text
from camreel.report.value import AtATime, ClipReport, OutputReport, Report

__all__ = [
    "MAY_GROW",
    "SCHEMA",
    "AtATime",
    "ClipReport",
    "JsonRows",
    "OutputReport",
    "Report",
    "ReportLine",
    "Tone",
    "asked_json",
    "asked_lines",
    "asked_of_clips",
    "camera_json",
    "camera_line",
    "clock_lines",
    "clock_notes",
    "document_json",
    "error_entry",
    "error_fields",
    "error_json",
    "events_rows",
    "hole_text",
    "json_head",
    "left_out_text",
    "moment_json",
    "outcome_word",
    "pieces_of",
    "plain_text",
    "reason_text",
    "report_document",
    "report_json",
    "report_lines",
    "report_text",
    "search_json",
    "span_json",
    "times_line",
]

"""Screens: progress, tables, timelines, notes."""

from __future__ import annotations

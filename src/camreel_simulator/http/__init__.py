"""Requests and replies as bytes, their pace, and a ledger of them."""

from __future__ import annotations

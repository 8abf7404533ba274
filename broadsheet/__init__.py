"""Broadsheet: self-hosted reporting, one text file per report."""

__version__ = "0.1.0"

"""Batch: what a lake is to hold is asked for once, kept as it comes, and gone on with after any end."""

from __future__ import annotations

from quantdata.jobs.files import JobFile, jobs_from
from quantdata.jobs.job import Job
from quantdata.jobs.planning import plan
from quantdata.jobs.repeating import record
from quantdata.jobs.report import Interrupted, Report
from quantdata.jobs.running import run

__all__ = ["Interrupted", "Job", "JobFile", "Report", "jobs_from", "plan", "record", "run"]

"""A lake of Parquet files: written whole or not at all, read by anybody, and it knows what it lacks and why."""

from __future__ import annotations

from quantdata.lake.datasets import DATASETS, Dataset
from quantdata.lake.store import GapReason, Lake

__all__ = ["DATASETS", "Dataset", "GapReason", "Lake"]

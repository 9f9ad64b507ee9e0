"""The ``quantdata`` command."""

from quantdata.cli.main import main

__all__ = ["main"]

"""``python -m quantdata`` is the ``quantdata`` command."""

from quantdata.cli import main

main()

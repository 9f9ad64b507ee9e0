"""Bytes in and out: HTTP with limits, deadlines and retries; vendor envelopes checked, contents untouched."""

import logging

# Silent until the program that uses us sets logging up; nothing below this package logs.
logging.getLogger("quantdata").addHandler(logging.NullHandler())

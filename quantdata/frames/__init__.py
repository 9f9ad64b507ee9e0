"""Page bytes to canonical Polars columns; `columns` holds every column once."""

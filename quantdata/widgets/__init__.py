"""What is seen in a notebook: the live chain table, and the same table as plain HTML."""

"""What the vendors' streams have in common: sockets, pace, frames made in advance, faults, and what was sent last."""

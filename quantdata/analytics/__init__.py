"""What is computed from frames: indicators of bars, order flow of tapes and chains."""

"""Two vendors as one provider: capabilities, routing, fallback, gap filling."""

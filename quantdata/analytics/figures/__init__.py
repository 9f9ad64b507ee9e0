"""Figures from frames: each as a drawing without plotly, which is drawn once or into a live figure."""

"""Questions asked of the graph: what a prediction rests on, how predictions rank, and how they leave the profile."""

"""The explorer: one HTML file to search predictions, look at each, and see what it rests on."""

"""One module for each exchange that we know by heart, and `generic` for every other."""

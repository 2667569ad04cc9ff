"""thresher: the service. Start at wiring.py, which constructs everything; cli.py says what can be asked."""

"""The demo's loopback exchanges, chain and inbox, which tests use as fault servers; imports nothing else of service."""

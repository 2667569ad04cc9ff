"""Watch-only addresses of Ethereum-compatible chains, read from a node of the user's choice."""

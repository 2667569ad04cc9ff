"""Where prices come from: one module a kind of source, each offered by an entry point of the group thresher.prices."""

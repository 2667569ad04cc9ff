"""Use cases as plain async functions over ports. App is a frozen record of ports; it has no methods."""

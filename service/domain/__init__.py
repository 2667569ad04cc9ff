"""Pure: standard library and connectors.contract only. No clock, disk, net or log. Import order is data order."""

"""What connectors and price sources share: the strict exchange client, HTTP, JSON-RPC."""

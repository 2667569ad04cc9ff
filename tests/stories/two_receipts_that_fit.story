# Nobody's until the holder says which.
given  2024-01-01 kraken buys 2 ETH for 4000 USD
when   2024-02-01 kraken sends 1 ETH
and    2024-02-01 onekey receives 1 ETH
and    2024-02-02 ledger receives 1 ETH
then   lot kraken 1 ETH acquired 2024-01-01 basis 2000 USD
and    lot ledger 1 ETH acquired 2024-02-02 basis unknown, missing_basis
and    lot onekey 1 ETH acquired 2024-02-01 basis unknown, missing_basis
and    no gains
and    issue ambiguous_transfer
and    issue ambiguous_transfer

# One coin of unknown cost makes the average unknown until the pool is empty.
given  by average cost
and    2024-01-01 kraken buys 2 ETH for 2000 USD
and    2024-01-02 kraken receives 1 ETH
when   2024-02-01 kraken sells 1 ETH for 2500 USD
then   lot kraken 1 ETH acquired 2024-01-01 basis unknown, missing_basis
and    lot kraken 1 ETH acquired 2024-01-02 basis unknown, missing_basis
and    gain kraken 1 ETH unknown, missing_basis
and    issue unmatched_deposit

# The rest has no known cost; the ledger goes on.
given  2024-01-01 kraken buys 1 ETH for 70 USD
when   2024-02-01 kraken sells 1.5 ETH for 120 USD
and    2024-03-01 kraken buys 1 ETH for 90 USD
then   lot kraken 1 ETH acquired 2024-03-01 basis 90 USD
and    gain kraken 1 ETH short 10 USD
and    gain kraken 0.5 ETH unknown, missing_basis
and    issue missing_basis

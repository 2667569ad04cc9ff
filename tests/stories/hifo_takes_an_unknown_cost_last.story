# An unknown cost counts as nothing when lots are ordered: HIFO takes the known ones first, LOFO the unknown one.
given  2024-01-01 method kraken hifo
and    2024-01-01 method binance lofo
and    2024-01-01 kraken receives 1 ETH
and    2024-01-01 binance receives 1 ETH
and    2024-01-02 kraken buys 1 ETH for 1000 USD
and    2024-01-02 binance buys 1 ETH for 1000 USD
when   2024-02-01 kraken sells 1 ETH for 1500 USD
and    2024-02-01 binance sells 1 ETH for 1500 USD
then   lot kraken 1 ETH acquired 2024-01-01 basis unknown, missing_basis
and    lot binance 1 ETH acquired 2024-01-02 basis 1000 USD
and    gain kraken 1 ETH short 500 USD
and    gain binance 1 ETH unknown, missing_basis
and    issue unmatched_deposit
and    issue unmatched_deposit

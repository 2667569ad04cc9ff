# A view: one queue over all accounts, so binance sells the lot that kraken bought first. Transfers touch no lot.
given  one pool
and    2023-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-02 binance buys 1 ETH for 3000 USD
and    2024-01-03 kraken moves 0.5 ETH to onekey
when   2024-02-01 binance sells 1 ETH for 2500 USD
then   lot binance 1 ETH acquired 2024-01-02 basis 3000 USD
and    gain binance 1 ETH long 1500 USD
and    no issues

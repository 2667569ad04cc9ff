# A receipt takes days: what is sold there in the meantime are the coins that lay there, not those still on their way.
given  2023-01-05 onekey receives 2 BTC
and    2024-02-01 kraken buys 1 BTC for 42000 USD
when   2024-03-01 onekey sends 2 BTC, hash 0xab
and    2024-03-02 kraken sells 0.5 BTC for 30000 USD
and    2024-03-03 kraken receives 2 BTC, hash 0xab
and    2024-03-03 kraken sells 0.5 BTC for 31000 USD
then   gain kraken 0.5 BTC short 9000 USD
and    gain kraken 0.5 BTC unknown, missing_basis
and    lot kraken 1.5 BTC acquired 2023-01-05 basis unknown, missing_basis
and    lot kraken 0.5 BTC acquired 2024-02-01 basis 21000 USD
and    issue unmatched_deposit

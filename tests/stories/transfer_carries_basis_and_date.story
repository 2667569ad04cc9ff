# What goes from an exchange to the holder's own wallet is no sale; the network's fee is one, at its fair value.
given  2024-01-05 kraken buys 1 BTC for 42000 USD
and    2024-03-01 price BTC 60000
when   2024-03-01 kraken sends 0.5 BTC, hash 0xab
and    2024-03-01 onekey receives 0.4998 BTC, hash 0xab
and    2025-06-01 onekey sells 0.4 BTC for 15000 USD
then   lot kraken 0.5 BTC acquired 2024-01-05 basis 21000 USD
and    lot onekey 0.0998 BTC acquired 2024-01-05 basis 4191.6 USD
and    gain kraken 0.0002 BTC short 3.6 USD
and    loss onekey 0.4 BTC long 1800 USD
and    no issues

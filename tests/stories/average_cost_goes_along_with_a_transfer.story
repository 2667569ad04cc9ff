# 1 for 1,000 and 1 for 3,000: 2,000 each, and that is what the one that moves costs over there.
given  by average cost
and    2024-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-02 kraken buys 1 ETH for 3000 USD
when   2024-02-01 kraken moves 1 ETH to onekey
and    2024-03-01 onekey sells 1 ETH for 2600 USD
then   lot kraken 1 ETH acquired 2024-01-02 basis 2000 USD
and    gain onekey 1 ETH short 600 USD
and    no issues

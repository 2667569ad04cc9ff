# A price of what was received is enough for a swap, so each of the two rows names one coin.
given  2023-01-01 kraken buys 1 ETH for 1200 USD
when   2024-03-01 kraken swaps 1 ETH for 0.05 BTC
and    2024-03-02 kraken earns 0.1 BNB
then   lot kraken 0.05 BTC acquired 2024-03-01 basis unknown, unpriced
and    lot kraken 0.1 BNB acquired 2024-03-02 basis unknown, unpriced
and    gain kraken 1 ETH unknown, unpriced
and    income kraken 0.1 BNB unknown
and    issue missing_price
and    issue missing_price

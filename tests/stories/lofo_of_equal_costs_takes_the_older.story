# 500 for half an ETH and 2,000 for two are both 1,000 an ETH: the older goes first.
# Sold 1 for 1,500: half of it from each, proceeds 750, cost 500, gain 250 each.
given  2024-01-01 method kraken lofo
and    2024-01-01 kraken buys 0.5 ETH for 500 USD
and    2024-01-02 kraken buys 2 ETH for 2000 USD
when   2024-02-01 kraken sells 1 ETH for 1500 USD
then   lot kraken 1.5 ETH acquired 2024-01-02 basis 1500 USD
and    gain kraken 0.5 ETH short 250 USD
and    gain kraken 0.5 ETH short 250 USD
and    no issues

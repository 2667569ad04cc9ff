# 1 for 1,000 and 3 for 7,000: 2,000 each. Sold 1 for 2,600: gain 600. Then 1 more for 4,000: (6,000 + 4,000) / 4 = 2,500 each.
# Sold 2 for 6,000: 6,000 - 5,000 = 1,000. The lots tell the dates, oldest first, so the second sale is of the second lot.
given  by average cost
and    2024-01-01 kraken buys 1 ETH for 1000 USD
and    2024-01-02 kraken buys 3 ETH for 7000 USD
when   2024-02-01 kraken sells 1 ETH for 2600 USD
and    2024-02-02 kraken buys 1 ETH for 4000 USD
and    2024-02-03 kraken sells 2 ETH for 6000 USD
then   lot kraken 1 ETH acquired 2024-01-02 basis 2500 USD
and    lot kraken 1 ETH acquired 2024-02-02 basis 2500 USD
and    gain kraken 1 ETH short 600 USD
and    gain kraken 2 ETH short 1000 USD
and    no issues

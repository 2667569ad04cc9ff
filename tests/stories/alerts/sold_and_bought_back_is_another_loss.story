2026-01-05 kraken buys 1 ETH for 3000
2026-03-01 12:00 ETH is at 2000: opened
2026-03-01 13:00 kraken sells 1 ETH for 2000: resolved, ETH in kraken, sold or moved
2026-03-01 13:01 kraken buys 1 ETH for 2000 and ETH is at 2000: nothing
2026-03-02 12:00 ETH is at 1400: nothing
2026-03-03 12:00 ETH is at 1400: opened, basis of 2,000.00 USD
2026-03-04 13:00 ETH is at 1000: worse

2026-01-05 kraken buys 1 ETH for 3000
2026-03-01 12:00 ETH is at 2000: opened
2026-03-01 13:00 the holder acknowledges ETH: nothing
2026-03-01 14:00 kraken sells 1 ETH for 2000 and kraken buys 1 ETH for 2000 and ETH is at 2000: resolved, sold or moved
2026-03-02 12:00 ETH is at 1400: nothing
2026-03-02 14:00 ETH is at 1400: opened, basis of 2,000.00 USD

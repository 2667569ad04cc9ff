2026-01-05 kraken buys 1 ETH for 3000
2026-03-01 12:00 ETH is at 2000: opened
2026-03-01 13:00 kraken sells 1 ETH for 2000: resolved, ETH in kraken, sold or moved
2026-03-02 13:00 ETH is at 1500: nothing

2026-01-05 kraken buys 1 ETH for 3000
2026-06-01 12:00 ETH is at 2000: opened
2026-12-02 00:01 ETH is at 2000: countdown, 30 days left
2026-12-25 00:01 ETH is at 2000: countdown, 7 days left
2026-12-30 00:01 ETH is at 2000: countdown, 2 days left

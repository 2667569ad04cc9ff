2026-01-05 kraken buys 1 ETH for 3000
2026-12-10 12:00 ETH is at 2000: opened, 22 days left to sell
2026-12-11 12:00 ETH is at 2000: nothing
2026-12-26 12:00 ETH is at 2000: countdown, 6 days left

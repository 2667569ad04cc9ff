# 30, 7 and 2 days before the end, once each.
2026-01-05 kraken buys 1 ETH for 3000
2026-06-01 12:00 ETH is at 2000: opened
2026-12-01 23:59 ETH is at 2000: nothing
2026-12-02 00:00 ETH is at 2000: countdown, 30 days left
2026-12-02 01:00 ETH is at 2000: nothing
2026-12-20 12:00 ETH is at 2000: nothing
2026-12-25 00:00 ETH is at 2000: countdown, 7 days left
2026-12-25 12:00 ETH is at 2000: nothing
2026-12-30 00:00 ETH is at 2000: countdown, 2 days left
2026-12-30 12:00 ETH is at 2000: nothing
2026-12-31 12:00 ETH is at 2000: nothing

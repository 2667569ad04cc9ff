# A fifth of the fifth: the alert stands until less than 16 percent are lost (2,520).
2026-01-05 kraken buys 1 ETH for 3000
2026-03-01 12:00 ETH is at 2400: opened
2026-03-01 13:00 ETH is at 2450: nothing
2026-03-01 14:00 ETH is at 2520: nothing
2026-03-01 15:00 ETH is at 2521: resolved, price recovered
2026-03-01 16:00 ETH is at 2600: nothing

2026-01-05 kraken buys 1 ETH for 3000
2026-03-01 12:00 time passes: nothing
2026-03-01 13:00 ETH is at 2000: opened
2026-03-20 12:00 time passes: nothing
2026-03-20 13:00 ETH is at 2000: nothing
2026-03-21 13:00 ETH is at 3100: resolved, price recovered

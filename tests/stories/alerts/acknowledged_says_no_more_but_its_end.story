2026-01-05 kraken buys 1 ETH for 3000
2026-03-01 12:00 ETH is at 2000: opened
2026-03-01 13:00 the holder acknowledges ETH and ETH is at 2000: nothing
2026-03-03 12:00 ETH is at 1000: nothing
2026-12-25 12:00 ETH is at 1000: nothing
2026-12-26 12:00 ETH is at 3000: resolved, price recovered

2026-01-05 kraken buys 1 ETH for 3000
2026-11-01 12:00 ETH is at 2000: opened
2026-11-02 12:00 the holder acknowledges ETH: nothing
2027-01-01 12:00 ETH is at 2000: resolved, the tax year 2026 is over
2027-01-03 12:00 ETH is at 2000: nothing

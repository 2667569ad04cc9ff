# What was open is over with its year. A day later the new year has an alert of its own.
2026-01-05 kraken buys 1 ETH for 3000
2026-01-05 the law limits losses of 2027 to 3000
2026-06-01 12:00 ETH is at 2000: opened
2026-12-31 23:59 ETH is at 2000: countdown, left to sell in the tax year 2026
2027-01-01 00:00 ETH is at 2000: resolved, the tax year 2026 is over
2027-01-01 12:00 ETH is at 2000: nothing
2027-01-02 00:00 ETH is at 2000: opened, 1 ETH

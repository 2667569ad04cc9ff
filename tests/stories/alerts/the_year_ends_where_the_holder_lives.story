2026-01-05 kraken buys 1 ETH for 3000 and the law limits losses of 2027 to 3000
2026-01-05 the holder sets time_zone to America/New_York
2026-06-01 12:00 ETH is at 2000: opened
2026-12-02 04:59 ETH is at 2000: nothing
2026-12-02 05:00 ETH is at 2000: countdown, 30 days left
2027-01-01 04:59 ETH is at 2000: countdown, 1 minute left
2027-01-01 05:00 ETH is at 2000: resolved, the tax year 2026 is over

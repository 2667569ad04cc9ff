2026-01-05 kraken buys 1 ETH for 3000
2026-03-01 12:00 ETH is at 2000: opened
2026-03-01 13:00 ETH is at 3000: resolved, price recovered
2026-03-01 14:00 ETH is at 2000: nothing
2026-03-02 12:59 ETH is at 1500: nothing
2026-03-02 13:00 ETH is at 1500: opened, 360.00 USD in tax

# 1 ETH for 3,000: at 2,400 it has lost a fifth. It is told once, however often prices are asked.
2026-01-05 kraken buys 1 ETH for 3000
2026-03-01 12:00 ETH is at 2401: nothing
2026-03-01 12:15 ETH is at 2400: opened, 144.00 USD in tax, 136.80 USD net
2026-03-01 12:30 ETH is at 2400: nothing
2026-03-01 12:45 ETH is at 2390: nothing
2026-03-02 12:45 ETH is at 2390: nothing

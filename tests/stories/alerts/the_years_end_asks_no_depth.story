# 9 percent lost are too shallow until December; then what saves three times its costs counts. 480 saved, 60 spent.
2026-01-05 kraken buys 10 ETH for 22000
2026-11-30 12:00 ETH is at 2000: nothing
2026-12-02 12:00 ETH is at 2000: opened, 480.00 USD in tax, 420.00 USD net, 30 days left

# 234 net at 2,000; half as much again is 351: from 1,504 down. Not before a day has passed since it last spoke.
2026-01-05 kraken buys 1 ETH for 3000
2026-03-01 12:00 ETH is at 2000: opened, 234.00 USD net
2026-03-02 11:59 ETH is at 1400: nothing
2026-03-02 12:00 ETH is at 1600: nothing
2026-03-02 13:00 ETH is at 1400: worse, The loss has grown, 379.80 USD net
2026-03-02 14:00 ETH is at 700: nothing
2026-03-03 13:00 ETH is at 700: nothing
2026-03-03 14:00 ETH is at 600: worse, 574.20 USD net

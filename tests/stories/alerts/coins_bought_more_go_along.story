# 1 ETH for 3,000 and 10 for 24,000: all 11 are offered, 5,000 lost of which the year can use 3,000.
2026-01-05 kraken buys 1 ETH for 3000
2026-03-01 12:00 ETH is at 2000: opened, 1 ETH in kraken
2026-03-01 13:00 kraken buys 10 ETH for 20000 and ETH is at 2000: nothing
2026-03-01 14:00 ETH is at 2900: resolved, price recovered

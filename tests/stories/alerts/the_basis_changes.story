# By LIFO the sale of February took the cheap coin, and the dear one is left with a loss. The holder says that it was HIFO: the cheap one is left.
2026-01-05 kraken buys 1 ETH for 3000
2026-01-06 kraken buys 1 ETH for 1000
2026-01-07 kraken goes by lifo
2026-02-01 kraken sells 1 ETH for 2000
2026-03-01 12:00 ETH is at 2000: opened, its basis of 3
2026-03-01 13:00 kraken goes by hifo and ETH is at 2000: resolved, the basis changed

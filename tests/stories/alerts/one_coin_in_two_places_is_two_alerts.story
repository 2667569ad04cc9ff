2026-01-05 kraken buys 1 ETH for 3000
2026-01-05 binance buys 1 ETH for 4000
2026-03-01 12:00 ETH is at 3000: opened, in binance
2026-03-01 13:00 ETH is at 2000: opened, in kraken
2026-03-01 14:00 ETH is at 3000: resolved, in kraken

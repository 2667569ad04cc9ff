2026-01-05 kraken buys 1 ETH for 3000
2026-03-01 12:00 ETH is at 2000: opened
2026-03-01 13:00 the holder sets loss to 5000 and ETH is at 2000: resolved, your thresholds changed
2026-03-03 13:00 ETH is at 2000: nothing
2026-03-03 14:00 the holder sets loss to 100 and ETH is at 2000: opened

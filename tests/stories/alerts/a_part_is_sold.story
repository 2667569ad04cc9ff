# 0.04 ETH are left: 40 lost, under 80 (four fifths of 100).
2026-01-05 kraken buys 1 ETH for 3000
2026-03-01 12:00 ETH is at 2000: opened
2026-03-01 13:00 kraken sells 0.96 ETH for 1920: resolved, part was sold or moved

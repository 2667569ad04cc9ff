2026-01-05 kraken buys 1 ETH for 3000
2026-03-01 12:00 ETH is at 2000: opened
2026-03-01 13:00 the holder snoozes ETH until 2026-03-04T12:00 and ETH is at 2000: nothing
2026-03-03 12:00 ETH is at 1000: nothing
2026-03-04 12:00 ETH is at 1000: opened, Snooze is over
2026-03-04 13:00 ETH is at 1000: nothing

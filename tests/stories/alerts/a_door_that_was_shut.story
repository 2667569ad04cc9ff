# A message that could not be delivered waits and arrives once, in a later process.
2026-01-05 kraken buys 1 ETH for 3000
2026-03-01 12:00 the door is down and ETH is at 2000: nothing
2026-03-01 12:05 ETH is at 2000: nothing
2026-03-01 12:30 the door is open and ETH is at 2000: opened
2026-03-01 12:45 ETH is at 2000: nothing

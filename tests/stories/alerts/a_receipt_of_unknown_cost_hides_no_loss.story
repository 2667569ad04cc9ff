# By LIFO what was received last goes first; its cost is not known, so nobody knows what selling would realise: the alert stays.
2026-01-05 kraken buys 2 ETH for 8000
2026-01-06 kraken goes by lifo
2026-03-01 12:00 ETH is at 2500: opened
2026-03-01 13:00 kraken receives 1 ETH and ETH is at 2400: nothing
2026-03-01 14:00 ETH is at 4100: resolved, price recovered

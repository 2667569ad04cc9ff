2026-01-05 kraken buys 1 ETH for 3000
2026-03-01 07:00 the digest comes at 08:00
2026-03-01 12:00 ETH is at 2000: nothing
2026-03-02 08:00 the door is down and ETH is at 2000: nothing
2026-03-02 08:05 ETH is at 2000: nothing
2026-03-02 09:00 the door is open and ETH is at 2000: digest, Harvest ETH
2026-03-03 08:00 ETH is at 2000: nothing

# What was said since the last digest comes in one message at 08:00; where nothing was said, none comes.
2026-01-05 kraken buys 1 ETH for 3000
2026-01-05 kraken buys 1 BTC for 90000
2026-03-01 07:00 the digest comes at 08:00
2026-03-01 12:00 ETH is at 2000 and BTC is at 90000: nothing
2026-03-01 18:00 ETH is at 2000 and BTC is at 60000: nothing
2026-03-02 07:59 ETH is at 2000 and BTC is at 60000: nothing
2026-03-02 08:00 ETH is at 2000 and BTC is at 60000: digest, 2 messages, Harvest ETH, Harvest BTC
2026-03-02 08:01 ETH is at 2000 and BTC is at 60000: nothing
2026-03-02 20:00 ETH is at 3000 and BTC is at 60000: nothing
2026-03-03 08:30 ETH is at 3000 and BTC is at 60000: digest, Harvest over: ETH
2026-03-04 08:30 ETH is at 3000 and BTC is at 60000: nothing

# 2,950 of losses are realised already; a limit of 2,000 leaves nothing to save with the open 1,000.
2026-01-05 kraken buys 1 BTC for 10000
2026-01-06 kraken buys 1 ETH for 3000
2026-02-01 kraken sells 1 BTC for 8000
2026-03-01 12:00 ETH is at 2000: opened, 240.00 USD in tax
2026-03-01 13:00 the law limits losses of 2026 to 2000 and ETH is at 2000: resolved, the tax rules changed: us-2026

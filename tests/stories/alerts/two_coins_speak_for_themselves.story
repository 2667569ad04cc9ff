2026-01-05 kraken buys 1 ETH for 3000
2026-01-05 kraken buys 1 BTC for 90000
2026-03-01 12:00 ETH is at 2000 and BTC is at 89000: opened, Harvest ETH
2026-03-02 12:00 ETH is at 2000 and BTC is at 60000: opened, Harvest BTC
2026-03-02 13:00 ETH is at 3000 and BTC is at 60000: resolved, ETH

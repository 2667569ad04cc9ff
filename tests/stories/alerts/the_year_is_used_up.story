# Another sale uses up what the year can take: nothing is left to save, at the same price.
2026-01-05 kraken buys 1 ETH for 3000
2026-01-06 kraken buys 1 BTC for 90000
2026-03-01 12:00 ETH is at 2000: opened
2026-03-01 13:00 kraken sells 1 BTC for 80000 and ETH is at 2000: resolved, the saving in tax has shrunk

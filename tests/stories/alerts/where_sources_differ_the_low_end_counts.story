# At 2,000 selling saves 25 exactly after costs of 5.64 and more; where one source says 2,010 it is too little, and nothing is said.
2026-01-05 kraken buys 0.1 ETH for 330
2026-01-05 the holder sets loss to 1
2026-03-01 12:00 ETH is at 1995 here, 2005 there: opened, Sources of prices differ
2026-03-01 13:00 ETH is at 2000 here, 2300 there: nothing

# HIFO takes the dearest first; FIFO must sell the old coins at a gain before it comes to the loss.
2025-01-05 kraken buys 10 ETH for 10000
2026-01-05 kraken buys 1 ETH for 4000
2026-02-01 kraken goes by hifo
2026-03-01 12:00 ETH is at 2000: opened, 1 ETH, under its basis of 4

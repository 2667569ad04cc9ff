# 3 days and an hour are counted for moving: the countdown begins on 28 November at 23:00.
2026-01-05 onekey is a wallet
2026-01-05 onekey buys 1 ETH for 3000
2026-06-01 12:00 ETH is at 2000: opened, Move 1 ETH to an exchange
2026-11-28 22:59 ETH is at 2000: nothing
2026-11-28 23:00 ETH is at 2000: countdown, 30 days left to begin in the tax year 2026, with 3 days to move the coins
2026-12-21 23:00 ETH is at 2000: countdown, 7 days left
2026-12-26 23:00 ETH is at 2000: countdown, 2 days left
2026-12-29 23:00 ETH is at 2000: nothing

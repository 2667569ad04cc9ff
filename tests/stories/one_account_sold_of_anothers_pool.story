# In one pool binance could sell what kraken had bought. When the pool ends kraken holds 1 by the books, and the pool has only 0.5 left:
# that is what kraken gets. Cost 10,000; 0.5 sold for 50,000 of 20,000 × 0.5.
given  one pool until 2024-12-31
and    2022-01-01 kraken buys 1 BTC for 20000 USD
and    2024-02-01 binance sells 0.5 BTC for 50000 USD
when   2025-02-01 kraken sells 0.5 BTC for 45000 USD
then   allocated kraken 0.5 BTC of 2022-01-01 basis 10000 USD, only holder
and    gain binance 0.5 BTC long 40000 USD
and    gain kraken 0.5 BTC long 35000 USD
and    no lots
and    no issues

# 16:00 UTC on 31 December is 01:00 of the new year in Tokyo.
given  zone Asia/Tokyo
and    2023-06-01 kraken buys 1 ETH for 1000 USD
when   2023-12-31T16:00 kraken sells 1 ETH for 1500 USD
then   no lots
and    gain kraken 1 ETH short 500 USD
and    year 2024 short 500 USD
and    no issues

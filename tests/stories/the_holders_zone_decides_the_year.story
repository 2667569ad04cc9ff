# 03:00 UTC on New Year's Day is the evening before in New York, and noon of the new year in Tokyo: here it counts for 2023.
given  zone America/New_York
and    2023-06-01 kraken buys 2 ETH for 2000 USD
when   2024-01-01T03:00 kraken sells 1 ETH for 1500 USD
and    2024-01-01T06:00 kraken sells 1 ETH for 1600 USD
then   no lots
and    gain kraken 1 ETH short 500 USD
and    gain kraken 1 ETH short 600 USD
and    year 2023 short 500 USD
and    year 2024 short 600 USD
and    no issues

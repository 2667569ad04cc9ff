# The day after 31 August is 1 September (Rev. Rul. 66-7): short on 31 August, long on 1 September.
given  2022-08-31 kraken buys 2 ETH for 2000 USD
when   2023-08-31 kraken sells 1 ETH for 1500 USD
and    2023-09-01 kraken sells 1 ETH for 1500 USD
then   no lots
and    gain kraken 1 ETH short 500 USD
and    gain kraken 1 ETH long 500 USD
and    no issues

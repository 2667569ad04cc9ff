# Euros have a balance and no lots; what they were worth needs an exchange rate.
given  2024-01-01 price EUR 1.1
when   2024-01-01 kraken buys 1 ETH for 2000 EUR
and    2024-02-01 kraken sells 1 ETH for 2500 USD
then   no lots
and    gain kraken 1 ETH short 300 USD
and    issue foreign_currency

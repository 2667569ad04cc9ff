# ITA s. 54: bought again within 30 days and still held at their end. 2 sold at a loss of 1,000 (2 × 2,000 - 3,000); 1 of them is back:
# half the loss, 500, is denied and joins the cost of what was bought: 1,400 + 500 = 1,900.
given  by the law of Canada
and    2024-01-01 kraken buys 2 ETH for 4000 USD
when   2024-06-01 kraken sells 2 ETH for 3000 USD
and    2024-06-20 kraken buys 1 ETH for 1400 USD
then   loss 2024-06-01 2 ETH 500 USD, 500 USD denied, superficial
and    pool 1 ETH cost 1900 USD
and    no issues

# A fee raises the cost of what is bought and lowers what a sale brings; paid in a coin it is a sale of that coin too.
given  2024-01-01 price BNB 300
and    2024-02-01 price BNB 400
and    2024-01-01 kraken buys 1 BNB for 250 USD
when   2024-01-01 kraken buys 2 ETH for 5000 USD, fee 0.1 BNB
and    2024-02-01 kraken sells 1 ETH for 3000 USD, fee 20 USD
then   lot kraken 0.9 BNB acquired 2024-01-01 basis 225 USD
and    lot kraken 1 ETH acquired 2024-01-01 basis 2515 USD
and    gain kraken 0.1 BNB short 5 USD
and    gain kraken 1 ETH short 465 USD
and    no issues

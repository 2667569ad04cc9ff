# TCGA 1992 s. 105: what is bought on the day of the sale comes first. 1 sold for 3,000, of which 0.4 bought that day for 1,400 (3,500 each):
# 1,200 - 1,400 = -200. The rest from the pool at 2,000: 1,800 - 1,200 = 600. The pool keeps 1.4 of 2,800.
given  by the law of the United Kingdom
and    2024-01-01 kraken buys 2 ETH for 4000 USD
when   2024-02-01T09:00 kraken sells 1 ETH for 3000 USD
and    2024-02-01T17:00 kraken buys 0.4 ETH for 1400 USD
then   loss 2024-02-01 0.4 ETH same_day 200 USD
and    gain 2024-02-01 0.6 ETH section_104 600 USD
and    pool 1.4 ETH cost 2800 USD
and    no issues

# TCGA 1992 s. 106A: bought back within 30 days, earliest first. Sold 1 on 1 February for 2,000; 2 March is the 30th day, 3 March the 31st.
# 0.5 bought on 2 March for 600: 1,000 - 600 = 400; the other 0.5 from the pool at 1,500: 1,000 - 750 = 250.
given  by the law of the United Kingdom
and    2024-01-01 kraken buys 2 ETH for 3000 USD
when   2024-02-01 kraken sells 1 ETH for 2000 USD
and    2024-03-02 kraken buys 0.5 ETH for 600 USD
and    2024-03-03 kraken buys 1 ETH for 1300 USD
then   gain 2024-02-01 0.5 ETH thirty_day of 2024-03-02 400 USD
and    gain 2024-02-01 0.5 ETH section_104 250 USD
and    pool 2.5 ETH cost 3550 USD
and    no issues

# The test is made for each part: half cost the donor 1,000 and was worth 750. 600 is a loss of 150, 1,300 a gain of 300.
given  2024-01-05 onekey is given 1 ETH, cost 2000 USD, since 2020-01-01, worth 1500 USD
when   2024-02-01 onekey sells 0.5 ETH for 600 USD
and    2024-03-01 onekey sells 0.5 ETH for 1300 USD
then   no lots
and    loss onekey 0.5 ETH short 150 USD, gift_loss
and    gain onekey 0.5 ETH long 300 USD
and    no issues

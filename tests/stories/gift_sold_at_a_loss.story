# It cost the donor 2,000 and was worth 1,500 when given: the loss is measured from 1,500 and held since the gift. 1,200 - 1,500.
given  2024-01-05 onekey is given 1 ETH, cost 2000 USD, since 2020-01-01, worth 1500 USD
when   2024-02-01 onekey sells 1 ETH for 1200 USD
then   no lots
and    loss onekey 1 ETH short 300 USD, gift_loss
and    no issues

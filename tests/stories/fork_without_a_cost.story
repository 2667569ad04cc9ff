# The holder states no cost: zero, known to be zero and no shortfall. The whole proceeds are the gain; held since the fork.
given  2017-01-01 onekey buys 1 BTC for 1000 USD
when   2017-08-01 onekey forks off 1 BCH
and    2017-12-01 onekey sells 1 BCH for 1500 USD
then   lot onekey 1 BTC acquired 2017-01-01 basis 1000 USD
and    gain onekey 1 BCH short 1500 USD
and    no issues

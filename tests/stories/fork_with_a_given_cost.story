# What the holder took as income on the day is the cost: 1,500 - 300.
given  2017-01-01 onekey buys 1 BTC for 1000 USD
when   2017-08-01 onekey forks off 1 BCH, cost 300 USD
and    2018-08-02 onekey sells 1 BCH for 1500 USD
then   lot onekey 1 BTC acquired 2017-01-01 basis 1000 USD
and    gain onekey 1 BCH long 1200 USD
and    no issues

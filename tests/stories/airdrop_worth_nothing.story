# Worth nothing when it came: no income, cost zero, and that is known.
when   2020-09-17 onekey is airdropped 400 UNI, worth 0 USD
and    2020-10-17 onekey sells 400 UNI for 900 USD
then   no lots
and    income onekey 400 UNI 0 USD
and    gain onekey 400 UNI short 900 USD
and    no issues

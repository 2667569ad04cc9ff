# Rev. Proc. 2024-28: one pool until 2024, one an account from 2025. Left: 1 of 2022 (20,000) and 1 of 2023 (40,000).
# At the end of 2024 onekey holds 0.4 (moved from kraken), binance 1, kraken 0.6; the oldest lots fill them in that order.
# onekey 0.4 of 2022 (8,000); binance 0.6 of 2022 (12,000) and 0.4 of 2023 (16,000); kraken 0.6 of 2023 (24,000): 60,000, nothing lost.
# In 2025 binance sells 0.5 by FIFO: of 2022, cost 10,000, proceeds 50,000.
given  one pool until 2024-12-31
and    allocate BTC oldest first to onekey, binance and kraken
and    2022-01-01 kraken buys 1 BTC for 20000 USD
and    2023-01-01 binance buys 1 BTC for 40000 USD
and    2024-06-01 kraken moves 0.4 BTC to onekey
when   2025-02-01 binance sells 0.5 BTC for 50000 USD
then   allocated onekey 0.4 BTC of 2022-01-01 basis 8000 USD, rule
and    allocated binance 0.6 BTC of 2022-01-01 basis 12000 USD, rule
and    allocated binance 0.4 BTC of 2023-01-01 basis 16000 USD, rule
and    allocated kraken 0.6 BTC of 2023-01-01 basis 24000 USD, rule
and    lot onekey 0.4 BTC acquired 2022-01-01 basis 8000 USD
and    lot binance 0.1 BTC acquired 2022-01-01 basis 2000 USD
and    lot binance 0.4 BTC acquired 2023-01-01 basis 16000 USD
and    lot kraken 0.6 BTC acquired 2023-01-01 basis 24000 USD
and    gain binance 0.5 BTC long 40000 USD
and    no issues

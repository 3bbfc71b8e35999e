"""Three of the four ledgers, read from the services themselves, around the proxies.

They exist so that no fault can hide evidence: if a ledger rode a broken link, a
false "lost" would be certain. The fourth, the client's, is written by the workload; its
last word, what the API shows to whoever asks, is read here.
"""

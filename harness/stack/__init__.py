"""The stack: engine, images, services, lanes, links, and the ledgers read from them.

In the order in which a run meets them: `engine`, `images`, `compose`, `blueprint`,
`start`, `stack`, `lane`, `link`, `toxiproxy`, `ledgers`, `reset`, `open_faults`,
`guard`.
"""

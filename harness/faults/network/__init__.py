"""Faults of the network, on links: one file for each way in which a network hurts.

What they share is in link_fault.py. Most are done by Toxiproxy, between a role and a
service; partition, packet_loss, kill_connections and unplug in the role's own network.
"""

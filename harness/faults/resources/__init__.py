"""Faults of the machine below: too little CPU, memory, disk or room for processes."""

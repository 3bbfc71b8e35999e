"""What clients ask for: the plan, the client that carries it out, the outcomes."""

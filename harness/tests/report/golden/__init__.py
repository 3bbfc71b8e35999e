"""What was drawn once and looked at: the pictures that tests compare with."""

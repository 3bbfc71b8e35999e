"""The JSON Schemas of what a run leaves, for outsiders; generated from the code."""

"""The verbs of a lab, one file each; also the Python API."""

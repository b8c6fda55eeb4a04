"""The configuration: one annotated YAML file, read strictly.

`load.py` gives a checked `Config` or raises ConfigError with every fault at once; the shapes are in `model.py`.
"""

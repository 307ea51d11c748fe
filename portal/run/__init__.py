"""Start the whole desk on one machine: `make run` calls `python -m portal.run`."""

"""The servers Broadsheet stands on, one module each, run from packages of the machine in the data folder of one home."""

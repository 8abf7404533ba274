"""Hosting a Nameko service: the only part of this package that knows eventlet.

Imported by the services' processes alone; edge, jobs and the command line never do.
"""

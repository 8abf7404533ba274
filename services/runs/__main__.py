"""``python -m services.runs``: the service as a process."""

from broadsheet.hosting.run import run_service

run_service("services.runs.service:RunsService")

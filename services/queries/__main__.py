"""``python -m services.queries``: the service as a process."""

from broadsheet.hosting.run import run_service

run_service("services.queries.service:QueriesService", require=("secret_key",))

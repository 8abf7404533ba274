"""``python -m services.accounts``: the service as a process."""

from broadsheet.hosting.run import run_service

run_service("services.accounts.service:AccountsService")

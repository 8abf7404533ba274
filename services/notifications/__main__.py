"""``python -m services.notifications``: the service as a process."""

from broadsheet.hosting.run import run_service

run_service("services.notifications.service:NotificationsService")

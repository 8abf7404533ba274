"""``python -m services.queries``: the service as a process.

Most of its calls wait for a query that another one has begun. They must not keep away those that wait for nothing, so there are as many
workers as two processes of the edge can have calls under way; what a data source is asked at once is bounded elsewhere.
"""

from broadsheet.hosting.run import run_service

run_service(
    "services.queries.service:QueriesService",
    require=("secret_key",),
    workers=lambda settings: max(settings.service_workers, 2 * settings.rpc_in_flight),
)

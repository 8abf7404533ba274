"""``python -m bench.echo.serve``: Broadsheet's echo as a process."""

from broadsheet.hosting.run import run_service

run_service("bench.echo.service:EchoService", require=())

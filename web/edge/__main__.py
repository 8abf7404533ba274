"""``python -m web.edge``: the edge under gunicorn."""

import os
import sys

from broadsheet import settings


def main() -> None:
    """Become gunicorn. Refuses to start when settings are missing."""
    try:
        settings.load(require=("amqp_url", "redis_url", "artifacts_url"))
    except settings.SettingsInvalid as error:
        sys.exit(f"edge: {error}")
    command = [sys.executable, "-m", "gunicorn", "--config", "python:web.edge.gunicorn_conf", "web.edge.wsgi:build()"]
    os.execv(sys.executable, command)  # noqa: S606 - no shell wanted


if __name__ == "__main__":
    main()

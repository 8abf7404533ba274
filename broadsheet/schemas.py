"""Which services own a schema of the database, with the package their models and migrations are in."""

SCHEMAS: dict[str, str] = {name: f"services.{name}" for name in ("accounts", "catalog", "runs", "notifications")}

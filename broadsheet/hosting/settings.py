"""The settings of a service's process, for its extensions."""

from typing import Any

from broadsheet.settings import Settings


def settings_of(container: Any) -> Settings:
    """The process's settings, as the runner put them into Nameko's configuration."""
    settings: Settings = container.config["settings"]
    return settings

"""Echo as every service of Broadsheet is: answers go through the cache's side of the service, calls bind log lines and SQL comments."""

from bench.echo.contract import Echo
from broadsheet.hosting.caching import AnswersProvider
from broadsheet.hosting.entrypoint import rpc
from broadsheet.hosting.providers import SettingsProvider


class EchoService:
    """Owns nothing."""

    name = "echo"
    contract = Echo

    answers = AnswersProvider()
    settings = SettingsProvider()

    @rpc
    def echo(self, text: str) -> str:
        return text

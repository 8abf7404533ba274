"""The demo: an organization with an admin, the flights as its data source, the example reports, and one finished PDF.

Everything but the organization goes through the public API, so that ``make up`` ends only when the main job works. Running it again
finds what is there and makes what is missing.
"""

import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy.engine import make_url

from broadsheet.contracts.accounts import Accounts, Identity, NewOrganization, NewUser, UserChange
from broadsheet.contracts.base import Role
from broadsheet.local.failure import ServerFailed
from broadsheet.local.sample import Sample
from broadsheet.local.stack import Endpoints
from broadsheet.local.supervisor import ENDPOINTS
from broadsheet.rpc.client import remote
from broadsheet.rpc.transport import AmqpTransport

EMAIL = "demo@example.com"
SOURCE = "flights"
EXAMPLES = Path(__file__).parents[2] / "examples"
#: The report that the demo asks for; the others are loaded before it, so that it stands first.
SAMPLE_REPORT = "airline-punctuality.report.md"
_RUN_SECONDS = 120.0
_RPC_SECONDS = 15.0

#: Hears what happens, in a few words.
OnProgress = Callable[[str], None]


class DemoResult(msgspec.Struct, frozen=True, kw_only=True):
    """How to get in, and where the finished file is."""

    email: str
    password: str
    api_token: str
    pdf: Path


def run(home: Path, url: str, sample: Sample, on_progress: OnProgress) -> DemoResult:
    """Make the demo. ``url`` is where the edge answers. Raises :class:`ServerFailed` with the API's words when something is refused."""
    known = _known(home)
    on_progress("the organization")
    password, token = _sign_up(home, known)
    api = _Api(url, token)
    on_progress("the data source")
    _ensure_source(api, sample)
    on_progress("the example reports")
    report_id = _ensure_reports(api)
    on_progress("the sample report as PDF")
    pdf = home / "airline-punctuality.pdf"
    pdf.write_bytes(_finished_pdf(api, report_id))
    return DemoResult(email=EMAIL, password=password, api_token=token, pdf=pdf)


def _known(home: Path) -> dict[str, str]:
    path = home / "demo.json"
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _sign_up(home: Path, known: dict[str, str]) -> tuple[str, str]:
    """The admin's password and API token: those that were given out before, or new ones."""
    endpoints = msgspec.json.decode((home / ENDPOINTS).read_bytes(), type=Endpoints)
    transport = AmqpTransport(endpoints.amqp_url, name="demo")
    try:
        accounts = remote(Accounts, transport, timeout_seconds=_RPC_SECONDS)
        password = known.get("password") or secrets.token_urlsafe(12)
        admin = NewUser(email=EMAIL, name="Demo Admin", password=password, role=Role.ADMIN, time_zone="America/New_York")
        identity = accounts.create_organization(NewOrganization(name="Broadsheet Demo", slug="demo", admin=admin))
        if not known.get("password"):
            _take_over(accounts, identity, password)
        token = known.get("api_token") or accounts.create_token(identity.principal, "demo").token or ""
        return password, token
    finally:
        transport.close()


def _take_over(accounts: Accounts, identity: Identity, password: str) -> None:
    """``demo.json`` was lost: give the admin that is there the new password."""
    accounts.change_user(identity.principal, identity.principal.user_id, UserChange(password=password))


def _ensure_source(api: "_Api", sample: Sample) -> None:
    primary, replica = make_url(sample.primary_url), make_url(sample.replica_url)
    wanted: dict[str, Any] = {
        "host": primary.host,
        "port": primary.port,
        "database": primary.database,
        "user": primary.username,
        "password": primary.password,
        "replicas": [f"{replica.host}:{replica.port}"],
    }
    for source in api.get("/data-sources?limit=200")["items"]:
        if source["name"] == SOURCE:
            if any(source.get(name) != value for name, value in wanted.items() if name != "password"):
                api.send("PATCH", f"/data-sources/{source['id']}", wanted)
            return
    api.send("POST", "/data-sources", {"name": SOURCE, **wanted})


def _ensure_reports(api: "_Api") -> str:
    """The id of the sample report; every example is there afterwards."""
    there = {report["title"]: report["id"] for report in api.get("/reports?limit=200")["items"]}
    paths = sorted(EXAMPLES.glob("*.report.md"), key=lambda path: path.name == SAMPLE_REPORT)
    if not paths:
        raise ServerFailed("demo", f"there are no example reports in {EXAMPLES}", advice="Run make up in a clone of the repository")
    report_id = ""
    for path in paths:
        text = path.read_text(encoding="utf-8")
        title = next(line.removeprefix("title:").strip() for line in text.splitlines() if line.startswith("title:"))
        report_id = there.get(title) or api.send_text("/reports", text)["id"]
    return report_id


def _finished_pdf(api: "_Api", report_id: str) -> bytes:
    version = api.get(f"/reports/{report_id}")["version"]
    run = api.send("POST", f"/reports/{report_id}/runs", {"formats": ["pdf"]}, {"Idempotency-Key": f"demo-{report_id}-{version}"})
    deadline = time.monotonic() + _RUN_SECONDS
    while run["state"] in ("queued", "running"):
        if time.monotonic() > deadline:
            raise ServerFailed("demo", f"the sample report was still {run['state']} after {_RUN_SECONDS:.0f} s")
        time.sleep(0.2)
        run = api.get(f"/runs/{run['id']}")
    if run["state"] != "succeeded":
        raise ServerFailed("demo", f"the sample report {run['state']}: {(run['error'] or {}).get('message', 'no reason is known')}")
    return api.download(run["artifacts"][0]["url"])


class _Api:
    """The public API, as a program uses it."""

    def __init__(self, url: str, token: str):
        self._url = url
        self._token = token

    def get(self, path: str) -> Any:
        return json.loads(self._call("GET", f"/api/v1{path}"))

    def send(self, method: str, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        sent = {"Content-Type": "application/json", **(headers or {})}
        return json.loads(self._call(method, f"/api/v1{path}", json.dumps(body).encode(), sent))

    def send_text(self, path: str, text: str) -> Any:
        return json.loads(self._call("POST", f"/api/v1{path}", text.encode(), {"Content-Type": "text/markdown; charset=utf-8"}))

    def download(self, path: str) -> bytes:
        return self._call("GET", path)

    def _call(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
        sent = {"Authorization": f"Bearer {self._token}", **(headers or {})}
        request = urllib.request.Request(self._url + path, body, sent, method=method)  # noqa: S310 - our own address
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
                answer: bytes = response.read()
                return answer
        except urllib.error.HTTPError as error:
            raise ServerFailed("demo", f"{method} {path} gave {error.code}: {_words(error.read())}") from error
        except OSError as error:
            raise ServerFailed("demo", f"{method} {path}: {error}") from error


def _words(body: bytes) -> str:
    try:
        problem = json.loads(body)
        mistakes = [f"{error.get('line', '')} {error['message']}".strip() for error in problem.get("errors", [])]
        return "; ".join([problem["detail"], *mistakes])
    except (ValueError, KeyError):
        return body[:200].decode(errors="replace")

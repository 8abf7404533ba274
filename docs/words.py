"""What the generated pages say besides what the code declares. :mod:`docs.generate` puts the two together."""

SETTINGS = """# Settings

A process reads its settings once, when it starts, from `BROADSHEET_…` environment variables. If one is missing or malformed
it does not start, and names all that is wrong at once. On one machine `make up` fills in the addresses and secrets of its own
servers; what you set yourself wins, except for those addresses.

{table}
Two more belong to `make up` alone:

| variable | default | what it is |
|---|---|---|
| `BROADSHEET_PORT` | `8400` | Port of the browser's address on 127.0.0.1. `BROADSHEET_EDGE_BIND` goes before it. |
| `BROADSHEET_HOME` | `.broadsheet` | As above; a relative folder counts from where `make` runs. |

Set them for a start: `make down && BROADSHEET_LOG_LEVEL=DEBUG make up`.
"""

MAKE = """# make

Every habit of the project is a verb. `make help` prints this list.

{table}
`ARGS` is handed on: `make test ARGS='-k csv'`. `OF` names one server: `make logs OF=postgres`. `BROADSHEET_HOME` and
`BROADSHEET_PORT` hold for all verbs; give a verb the same `BROADSHEET_HOME` as `make up` got.

`make up` ends with 0 when the sample report is ready as a PDF, else with 1, one line with the reason and nothing left
running. `make status` ends with an error when nothing runs.
"""

ERRORS = """# Errors

Every error of the API is a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)), `application/problem+json`:

```json
{
  "type": "urn:broadsheet:problem:invalid_report",
  "title": "The report text has mistakes",
  "status": 422,
  "detail": "…",
  "code": "invalid_report",
  "request_id": "…",
  "errors": [{"pointer": "", "message": "…", "line": 7, "column": 12, "hint": "…"}]
}
```

Programs look at `code`: it never changes its meaning. `detail` is for a person. `request_id` is also in the header
`X-Request-ID` and in the log lines of that request. `errors` lists every mistake in the input; `pointer` is a JSON Pointer
(RFC 6901) into the request, `line` and `column` count from 1 in a report's text or a query. `Retry-After` says when another
try makes sense. The `error` of a failed run has the same codes.

What belongs to another organization looks like what was never there: both are `not_found`.
"""

ERROR_ADVICE = {
    "internal": "This is a mistake of Broadsheet. The log has it under the request id.",
    "invalid_input": "`errors` says which fields, and why.",
    "malformed_request": "The body is not JSON, or not UTF-8; `detail` says where.",
    "invalid_parameters": "`errors` names the parameter and what it may be.",
    "invalid_report": "`errors` has every mistake with line, column and a hint. Nothing was saved.",
    "unauthenticated": "Sign in again, or send a valid API token as `Authorization: Bearer …`.",
    "wrong_credentials": "The answer is the same for an unknown address and for a wrong password.",
    "forbidden": "`detail` names the role that is needed.",
    "csrf_failed": "Under a session cookie, send the `csrf_token` of `GET /me` as `X-CSRF-Token`. API tokens need none.",
    "not_found": "The id or the address is unknown, or belongs to somebody else.",
    "method_not_allowed": "`Allow` lists the methods of this address.",
    "conflict": "`detail` says what is in the way: a name that is taken, an idempotency key used for another order, the last admin.",
    "precondition_failed": "Read the report again, put your change into the new text, send its `ETag` as `If-Match`.",
    "body_too_large": "`BROADSHEET_BODY_LIMIT_BYTES` is the limit.",
    "unsupported_media_type": "JSON, or `text/markdown` for a report's text.",
    "range_not_satisfiable": "Ask for bytes the file has: its size is in the `Content-Range` of the answer.",
    "too_many_requests": "Wait as long as `Retry-After` says: there were too many wrong passwords for this address.",
    "query_failed": "`detail` is what the database said, `errors` has the line and column in the query where they are known.",
    "query_not_read_only": "Begin the query with `select` or `with`. The database refuses writes as well.",
    "query_timed_out": "Ask for less, or raise `BROADSHEET_QUERY_TIMEOUT_SECONDS` (pages) or `BROADSHEET_RUN_TIMEOUT_SECONDS` (runs).",
    "result_too_large": "Choose another format, or fewer rows.",
    "source_unavailable": "The database does not answer, or too many queries wait for it. A run tries again by itself.",
    "render_failed": "`detail` says what the format could not hold.",
    "unavailable": "A part is down or starting. Try again after `Retry-After`; a run tries again by itself.",
    "call_timed_out": "As `unavailable`. Whether a change was made is not known: look before you repeat it, or use an idempotency key.",
    "not_claimable": "Between workers and the `runs` service only.",
    "lease_lost": "On a failed run: its worker went silent, and all attempts are used up.",
    "cancelled": "Between workers and the `runs` service only.",
}

EVENTS = """# Events

A fact that others act on is written to an outbox table in the transaction that makes it true, and `jobs/relay` carries it
from there: to Apache Kafka, to RabbitMQ as a Nameko event, or to open pages. At least once: whoever reads an event may see it
twice, and recognises it by its `id`.

## Between processes

JSON in UTF-8. Fields are added with a default and never change their meaning.
"""

EVENT_PATHS = {
    "broadsheet.runs.requested.v1": "A Kafka topic with the organization's id as key, written by `runs`, read by `jobs/renderer` in the "
    "consumer group `broadsheet-renderers`. What cannot be read goes to the topic `broadsheet.runs.requested.v1.dead` as it came.",
    "catalog.report_changed": "The Nameko event `report_changed` of `catalog`, read by `queries`, which computes again what is read most.",
    "catalog.source_refreshed": "The Nameko event `source_refreshed` of `catalog`, read by `queries`, which does likewise.",
    "runs.run_finished": "The Nameko event `run_finished` of `runs`, read by `notifications`.",
}

LIVE_EVENTS = """
## On open pages

`GET /api/v1/events` is a stream of server-sent events ([HTML Living Standard,
9.2](https://html.spec.whatwg.org/multipage/server-sent-events.html)) for whoever is signed in. Every event has an `id`; a
page that comes back with `Last-Event-ID` gets what it missed, as long as it is among about the last 10,000 events. A comment
every 15 seconds keeps the connection open.

### run

A run of the reader as it is now: requested, claimed, progress, ended. `data` is a [RunView](api.md#runview).

### notification

A new notification of the reader. `data` is a [Notification](api.md#notification).

### report

A report of the organization has a new version. `data` is `{"id": …, "version": …}`.
"""

API = """# REST API

Base `/api/v1`. JSON in UTF-8, times as RFC 3339 in UTC, ids as UUIDv7. The machine-readable truth is `GET
/api/v1/openapi.json` (OpenAPI 3.1); this page is made from it.

**Who asks.** Programs send an API token: `Authorization: Bearer bst_…`. Browsers have the cookie `broadsheet_session` from
`POST /session`, and send the `csrf_token` of `GET /me` as `X-CSRF-Token` with every method but `GET`. Everything is seen from
inside one organization.

**Lists** take `limit` (1 to 200, 50 without) and the `cursor` that the page before gave as `next_cursor`; `null` means the
end.

**Errors** are problem documents: [errors](errors.md).

**Changes.** `GET` and `PUT` of a report give its version as `ETag`; send it as `If-Match` so that nobody's change is lost
(else 412). An `Idempotency-Key` (1 to 200 characters, per person) on `POST /reports/{report_id}/runs` makes two equal
requests one run; another order under the same key is a 409.

**Parameters of a report** go into the query string as `param.NAME=VALUE`: a list repeats its name, a date is `YYYY-MM-DD`, an
empty value is null. In the body of a run they are JSON values in `params`.

**Results** (`…/queries/{query}/data`) are columns: `columns` has names and types (`text`, `integer`, `number`, `numeric`,
`boolean`, `date`, `timestamp`, `json`, `array`), `data` one list of values for each; a value of an `array` is a list, of lists
where it has several dimensions. `as_of` is the moment the data is from. The
headers: `Age` in seconds, `Broadsheet-Cache: hit`, `stale` (a new one is being computed) or `miss`, `ETag` for
`If-None-Match`. `Accept-Encoding: zstd` or `gzip` gives the bytes as they are kept.

**Files** of a run support `Range`, `If-Range` and `If-None-Match`; the strong `ETag` is the SHA-256.

Outside `/api/v1`: `/healthz` (the process is alive), `/readyz` (every service answers), `/openapi.json`.
"""

TAGS = {
    "me": "Sign-in and API tokens",
    "users": "People",
    "data-sources": "Data sources",
    "reports": "Reports",
    "runs": "Runs",
    "notifications": "Notifications",
    "events": "Events",
    "cache": "Cache",
}

TYPES = """## Types
"""

"""What the hourly clean-up of accounts does, without waiting for the hour."""

import datetime as dt

from broadsheet.contracts.accounts import Accounts
from broadsheet.crypto import token_hash
from broadsheet.database import Database
from services.accounts import store
from tests.support.database import rows
from tests.support.system import PASSWORD, Member, System


def test_a_session_that_has_ended_is_removed_and_no_other_credential(system: System, admin: Member) -> None:
    accounts = system.remote(Accounts)
    ended, open_still = accounts.sign_in(admin.email, PASSWORD), accounts.sign_in(admin.email, PASSWORD)
    past = "update accounts.credentials set expires_at = now() - interval '1 second' where token_hash = %s"
    rows(system.stack, past, token_hash(ended.token))
    database = Database(system.environment("accounts")["BROADSHEET_DATABASE_URL"], schema="accounts")
    try:
        with database.write() as session:
            store.delete_expired(session, dt.datetime.now(dt.UTC))
    finally:
        database.dispose()
    left = rows(system.stack, "select kind, token_hash from accounts.credentials where user_id = %s", admin.principal.user_id)
    assert ("session", token_hash(open_still.token)) in left
    assert [kind for kind, hashed in left if hashed != token_hash(open_still.token)] == ["token"]

"""Secrets at rest."""

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.crypto import decrypt, encrypt, new_token, token_hash
from broadsheet.errors import SourceUnavailable

KEY = Fernet.generate_key().decode()


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",))))
def test_a_password_comes_back_under_its_key(password: str) -> None:
    assert decrypt(KEY, encrypt(KEY, password)) == password


def test_the_same_password_never_looks_the_same_twice() -> None:
    assert encrypt(KEY, "secret") != encrypt(KEY, "secret")


def test_an_encrypted_password_does_not_contain_it() -> None:
    assert "secret" not in encrypt(KEY, "secret")


def test_another_key_is_told_as_something_an_admin_can_mend() -> None:
    with pytest.raises(SourceUnavailable, match="enter it again"):
        decrypt(Fernet.generate_key().decode(), encrypt(KEY, "secret"))


def test_a_damaged_secret_is_not_decrypted_to_something_else() -> None:
    with pytest.raises(SourceUnavailable):
        decrypt(KEY, encrypt(KEY, "secret")[:-4] + "AAA=")


def test_tokens_are_long_and_never_equal() -> None:
    tokens = {new_token("bst") for _ in range(100)}
    assert len(tokens) == 100
    assert all(token.startswith("bst_") and len(token) >= 44 for token in tokens)


def test_a_stored_token_hash_is_not_the_token() -> None:
    token = new_token("bst")
    assert token not in token_hash(token)
    assert token_hash(token) == token_hash(token)

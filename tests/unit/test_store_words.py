"""Options in the words of s3fs, gcsfs and adlfs, as obstore has them."""

from __future__ import annotations

import json

import pytest

from tests.suites.calls import shown
from zarr._store.remote import words
from zarr._store.remote.words import finds_no_credentials, is_word_of_obstore, translated

SCHEMES = {"s3": ("s3", "s3a"), "gs": ("gs", "gcs"), "az": ("az", "abfs", "abfss", "adl")}
ACCOUNT = {"type": "service_account", "private_key": "none"}
KEYED = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0==;EndpointSuffix=core.windows.net"
SIGNED = "BlobEndpoint=http://127.0.0.1:1/a/;QueueEndpoint=http://127.0.0.1:2/a;AccountName=a;SharedAccessSignature=?sv=1&sig=x"
PLAIN = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=k;EndpointSuffix=here"

WORDS = [
    ("s3", {"anon": True}, {"skip_signature": True}),
    ("s3", {"anon": False}, {}),
    (
        "s3",
        {"key": "a", "secret": "b", "token": "c"},
        {"access_key_id": "a", "secret_access_key": "b", "session_token": "c"},
    ),
    ("s3", {"username": "a", "password": "b"}, {"access_key_id": "a", "secret_access_key": "b"}),
    ("s3", {"key": None, "secret": None}, {}),
    ("s3", {"endpoint_url": "http://here"}, {"endpoint": "http://here"}),
    ("s3", {"region_name": "r"}, {"region": "r"}),
    (
        "s3",
        {"client_kwargs": {"endpoint_url": "http://here", "region_name": "r"}},
        {"endpoint": "http://here", "region": "r"},
    ),
    (
        "s3",
        {"client_kwargs": {"aws_access_key_id": "a", "aws_secret_access_key": "b", "aws_session_token": "c"}},
        {"access_key_id": "a", "secret_access_key": "b", "session_token": "c"},
    ),
    ("s3", {"client_kwargs": {"endpoint_url": None, "verify": True, "use_ssl": True}}, {}),
    ("s3", {"requester_pays": True}, {"request_payer": True}),
    ("s3", {"use_ssl": True}, {}),
    ("s3", {"config_kwargs": {"max_pool_connections": 64}}, {}),
    ("s3", {"config_kwargs": {"s3": {"addressing_style": "virtual"}}}, {"virtual_hosted_style_request": True}),
    ("s3", {"config_kwargs": {"s3": {"addressing_style": "path"}}}, {"virtual_hosted_style_request": False}),
    ("s3", {"config_kwargs": {"s3": {"addressing_style": "auto"}}}, {}),
    ("s3", {"default_fill_cache": False, "default_cache_type": "none", "default_block_size": 1}, {}),
    ("s3", {"asynchronous": True, "skip_instance_cache": True, "use_listings_cache": False}, {}),
    (
        "s3",
        {"anon": True, "region": "r", "retry_config": {}},
        {"skip_signature": True, "region": "r", "retry_config": {}},
    ),
    ("gs", {"token": "anon"}, {"skip_signature": True}),
    ("gs", {"token": "google_default"}, {}),
    ("gs", {"token": ACCOUNT}, {"service_account_key": json.dumps(ACCOUNT)}),
    ("gs", {"token": __file__}, {"application_credentials": __file__}),
    ("gs", {"project": "p", "access": "full_control", "block_size": 1}, {}),
    ("az", {"account_name": "a", "account_key": "k"}, {"account_name": "a", "account_key": "k"}),
    ("az", {"account_name": "a", "sas_token": "?sv=1&sig=x"}, {"account_name": "a", "sas_token": "sv=1&sig=x"}),
    ("az", {"account_name": "a", "anon": True, "blocksize": 1}, {"account_name": "a", "skip_signature": True}),
    (
        "az",
        {"account_name": "a", "client_id": "i", "client_secret": "s", "tenant_id": "t"},
        {"account_name": "a", "client_id": "i", "client_secret": "s", "tenant_id": "t"},
    ),
    ("az", {"account_name": "a", "account_host": "h"}, {"account_name": "a", "endpoint": "https://h"}),
    ("az", {"connection_string": KEYED}, {"account_name": "a", "account_key": "c2VjcmV0=="}),
    (
        "az",
        {"connection_string": SIGNED},
        {"account_name": "a", "sas_token": "sv=1&sig=x", "endpoint": "http://127.0.0.1:1/a"},
    ),
    (
        "az",
        {"connection_string": PLAIN},
        {"account_name": "a", "account_key": "k", "endpoint": "http://a.blob.here"},
    ),
]

LEFT = [
    ("s3", {"profile": "p"}),
    ("s3", {"use_ssl": False}),
    ("s3", {"client_kwargs": {"endpoint_url": "http://here", "verify": False}}),
    ("s3", {"client_kwargs": {"api_version": "x"}}),
    ("s3", {"config_kwargs": {"signature_version": "s3"}}),
    ("s3", {"config_kwargs": {"s3": {"addressing_style": "path", "use_accelerate_endpoint": True}}}),
    ("s3", {"config_kwargs": {"s3": {"addressing_style": "other"}}}),
    ("s3", {"s3_additional_kwargs": {}}),
    ("s3", {"use_listings_cache": True}),
    ("s3", {"account_key": "k"}),
    ("gs", {"token": "cloud"}),
    ("gs", {"token": {"type": "authorized_user"}}),
    ("gs", {"token": "ya29.of-somebody"}),
    ("gs", {"access": "read_only"}),
    ("gs", {"endpoint_url": "http://here"}),
    ("az", {"credential": object()}),
    ("az", {"connection_string": "UseDevelopmentStorage=true"}),
    ("az", {"connection_string": "BlobEndpoint=https://here/a;SharedAccessSignature=x"}),
    ("az", {"location_mode": "secondary"}),
    ("http", {"client_kwargs": {}}),
]


@pytest.mark.parametrize(("service", "given", "expected"), WORDS, ids=shown)
def test_each_word_has_a_counterpart(service, given, expected):
    for scheme in SCHEMES[service]:
        found = translated(scheme, given)
        assert (found.options, found.left) == (expected, ())


@pytest.mark.parametrize(("service", "given"), LEFT, ids=shown)
def test_what_has_none_is_left_as_it_is(service, given):
    found = translated(service, {"anon": True, **given} if service != "http" else given)
    assert found.left == tuple(given)
    assert found.options.items() >= given.items()


@pytest.mark.parametrize(
    ("service", "given", "names"),
    [
        ("s3", {"anon": True}, True),
        ("s3", {"anon": False, "endpoint_url": "x"}, False),
        ("s3", {"key": "x"}, True),
        ("s3", {"client_kwargs": {"aws_access_key_id": "x"}}, True),
        ("gs", {"token": "google_default"}, True),
        ("gs", {"project": "x"}, False),
        ("az", {"account_name": "x"}, False),
        ("az", {"account_name": "x", "sas_token": "y"}, True),
        ("az", {"connection_string": KEYED}, True),
        ("s3", {"credential_provider": print}, True),
    ],
    ids=shown,
)
def test_whether_credentials_are_named(service, given, names):
    assert translated(service, given).names_credentials is names


@pytest.mark.parametrize("name", ["skip_signature", "AWS_REGION", "google_service_account", "missing_on", "Endpoint"])
def test_words_that_only_obstore_has(name):
    assert is_word_of_obstore(name)


@pytest.mark.parametrize("name", ["anon", "key", "token", "account_name", "client_kwargs", "project"])
def test_words_that_fsspec_has_too(name):
    assert not is_word_of_obstore(name)


class TestCredentialsThatObstoreDoesNotFind:
    @pytest.fixture(autouse=True)
    def home(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        for names in words._IN_ENVIRONMENT.values():
            for name in (*names, "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
                monkeypatch.delenv(name, raising=False)
        return tmp_path

    def test_profiles_are_read_by_s3fs(self, home, monkeypatch):
        assert not finds_no_credentials("s3")
        monkeypatch.setenv("AWS_PROFILE", "mine")
        assert finds_no_credentials("s3")
        monkeypatch.delenv("AWS_PROFILE")
        (home / "elsewhere").touch()
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "elsewhere"))
        assert finds_no_credentials("s3a")
        monkeypatch.delenv("AWS_SHARED_CREDENTIALS_FILE")
        (home / ".aws").mkdir()
        (home / ".aws/credentials").touch()
        assert finds_no_credentials("s3")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        assert not finds_no_credentials("s3")

    def test_gcloud_has_a_file_that_both_read(self, home):
        assert finds_no_credentials("gs")
        (home / ".config/gcloud").mkdir(parents=True)
        (home / ".config/gcloud/application_default_credentials.json").touch()
        assert not finds_no_credentials("gs")

    @pytest.mark.parametrize(
        ("scheme", "name"), [("gs", "GOOGLE_APPLICATION_CREDENTIALS"), ("abfs", "AZURE_STORAGE_ACCOUNT_KEY")]
    )
    def test_the_environment_is_read_by_both(self, scheme, name, monkeypatch):
        assert finds_no_credentials(scheme)
        monkeypatch.setenv(name, "x")
        assert not finds_no_credentials(scheme)

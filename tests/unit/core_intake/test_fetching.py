import pytest

from gateway.core_intake.errors import PayloadRefused
from gateway.core_intake.fetching import checked_url


@pytest.mark.parametrize(
    "url",
    [
        "https://wms.example/orders?since=1",
        "https://wms.example:8443/",
        "http://127.0.0.1:8080/pull/demo",
        "http://[::1]:8080/pull/demo",
        "http://localhost/pull",
    ],
)
def test_https_and_loopback_may_be_pulled_from(url):
    """Any https URL and plain http to this machine will do."""
    assert checked_url(url, allow_http=False) == url


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("", "expected https"),
        ("orders", "expected https"),
        ("ftp://wms.example/orders", "expected https"),
        ("https:///orders", "expected https"),
        ("https://wms.example:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://user:word@wms.example/", "credentials"),
        ("https://wms.example/#part", "fragment"),
        ("http://169.254.169.254/latest", "link-local"),
        ("https://[fe80::1]/", "link-local"),
        ("http://wms.example/orders", "plain http"),
        ("http://127.0.0.1.example/orders", "plain http"),
    ],
)
def test_other_urls_are_refused_with_the_reason(url, fault):
    """The refusal says what is wrong with the URL, and never repeats its credentials."""
    with pytest.raises(PayloadRefused, match=fault) as refusal:
        checked_url(url, allow_http=False)

    assert "word" not in str(refusal.value)


def test_plain_http_elsewhere_may_be_allowed():
    """Who says so may pull over plain http, but from no link-local address."""
    assert checked_url("http://wms.example/", allow_http=True) == "http://wms.example/"
    with pytest.raises(PayloadRefused, match="link-local"):
        checked_url("http://169.254.169.254/", allow_http=True)

import pytest

from gateway.config.urls import fault_of_url, is_loopback, normal_url


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://Trackely.Example/a", "https://trackely.example/a/"),
        ("HTTPS://trackely.example:443/a", "https://trackely.example/a"),
        ("http://127.0.0.1:80", "http://127.0.0.1/"),
        ("https://trackely.example./a", "https://trackely.example/a"),
        ("http://[::1]:80/a", "http://[::1]/a"),
    ],
)
def test_two_spellings_of_one_url_are_one(one, other):
    """Scheme and host in any case, the default port and a trailing slash make no difference."""
    assert normal_url(one) == normal_url(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://trackely.example/a", "https://trackely.example/A"),
        ("https://trackely.example/a", "https://trackely.example:8443/a"),
        ("https://trackely.example/a", "http://trackely.example/a"),
        ("http://127.0.0.1:443/a", "http://127.0.0.1/a"),
        ("https://trackely.example/a?t=1", "https://trackely.example/a?t=2"),
    ],
)
def test_different_urls_stay_different(one, other):
    """Path, port, scheme and query count."""
    assert normal_url(one) != normal_url(other)


@pytest.mark.parametrize(
    "url",
    [
        "https://trackely.example/api",
        "https://trackely.example:8443/api?tenant=a",
        "https://10.0.0.1/",
        "http://127.0.0.1:8080/api",
        "http://localhost:8080/api",
        "http://intake.localhost/api",
        "http://[::1]:8080/api",
        "http://[::ffff:127.0.0.1]/api",
    ],
)
def test_https_and_loopback_are_fit_to_send_to(url):
    """Plain http may stay on this machine."""
    assert fault_of_url(url, allow_http=False) is None


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("http://trackely.example/api", "plain http"),
        ("http://10.0.0.1/api", "plain http"),
        ("http://localhost.example/api", "plain http"),
        ("ftp://trackely.example/api", "http or https"),
        ("trackely.example/api", "http or https"),
        ("https:///api", "http or https"),
        ("", "http or https"),
        ("https://user:pass@trackely.example/", "user or password"),
        ("https://@trackely.example/", "user or password"),
        ("https://trackely.example/#part", "fragment"),
        ("https://trackely.example:0/", "port 0"),
        ("https://trackely.example:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://trackely.example/a b", "percent-encoded"),
        ("https://trackely.example/a\nb", "percent-encoded"),
        ("https://trackely.example\\@evil.example/", "percent-encoded"),
        ("https://169.254.169.254/latest", "link-local"),
        ("https://[fe80::1]/", "link-local"),
        ("https://[::ffff:169.254.169.254]/", "link-local"),
        ("https://0.0.0.0/", "unspecified"),
    ],
)
def test_what_is_not_fit_to_send_to(url, part):
    """Other schemes, credentials in the URL, broken hosts, metadata addresses, plain http to another machine."""
    fault = fault_of_url(url, allow_http=False)

    assert fault is not None
    assert part in fault


def test_plain_http_to_another_machine_must_be_allowed():
    """`allow_http` lifts that one fault and no other."""
    assert fault_of_url("http://10.0.0.1/api", allow_http=True) is None
    assert fault_of_url("http://169.254.169.254/", allow_http=True) is not None


def test_no_key_is_named_where_none_allows_it():
    """Of a webhook that people are told by."""
    assert fault_of_url("http://10.0.0.1/", allow_http=None) == "plain http is for loopback only: use https"
    assert fault_of_url("http://localhost/", allow_http=None) is None


@pytest.mark.parametrize(
    ("host", "is_own"),
    [("LOCALHOST", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("trackely.example", False)],
)
def test_loopback_is_this_machine_alone(host, is_own):
    """By name or by address; an address that means all interfaces is not loopback."""
    assert is_loopback(host) is is_own

"""Requests generated from the OpenAPI document, hundreds for each operation, against a whole gateway."""

import subprocess
import sys

import pytest

from tests.processes import API_TOKEN, PROOF, Gateway, Intakes, source, tenant, told

EXAMPLES = 500
# One address's failed proofs are answered 429 after a while: right, and not what these two checks expect.
UNFIT = "ignored_auth,missing_required_header"
# An order's number may hold slashes: a GET of `an/order/erase` asks for an order of that name.
UNFIT_TOO = f"{UNFIT},unsupported_method"
KNOWN_ORDER = '[parameters]\n"path.tenant" = "demo"\n"path.externalOrderId" = "an/order"\n'


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("known", "unfit", "chosen"),
    [
        # An answer that has no end would be waited for.
        pytest.param("", UNFIT, ("--exclude-path", "/api/v1/stream"), id="every operation"),
        pytest.param(KNOWN_ORDER, UNFIT_TOO, ("--include-path-regex", "externalOrderId"), id="an order that is there"),
    ],
)
def test_generated_requests_find_nothing(tmp_path, known, unfit, chosen):
    """No answer that the document does not describe, no 5xx, and no error in the log, in calls alone and in a row."""
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(known)
    with Intakes() as intakes, Gateway(tmp_path, *_demo(intakes.open().url)) as gateway:
        for number in range(30):
            told_of = "an/order" if number % 5 == 0 else f"order-{number % 20}"
            event = told(f"event-{number}", told_of, number) if number % 7 else {"id": f"event-{number}"}
            gateway.http.post(f"/hooks/{('demo', 'pulled')[number % 2]}", json=event, headers=PROOF)
        run = subprocess.run(
            (
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings)),
                *("run", f"{gateway.url}/openapi.json", "--header", f"Authorization: Bearer {API_TOKEN}"),
                *("--checks", "all", "--exclude-checks", unfit, "--max-examples", str(EXAMPLES), *chosen),
                *("--seed", "1", "--no-color"),
            ),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        log = gateway.log.read_text()

    assert run.returncode == 0, run.stdout + run.stderr
    assert "Traceback" not in log
    assert '"level":"error"' not in log.replace(" ", "")


def _demo(intake_url):
    """A tenant of each kind, and their sources."""
    tenants = {"demo": tenant(intake_url), "pulled": {"delivery": "pull", "pull_secret": "a-pull-secret"}}
    return tenants, {name: source(name) for name in tenants}

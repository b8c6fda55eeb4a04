"""What deploy/ ships is held against the program: names, addresses, metrics, variables."""

import configparser
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config.load import load
from gateway.ground.metrics import Metrics
from gateway.registry import find_adapter
from gateway.service.systemd import LISTENERS

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
SYSTEMD, COMPOSE, KUBERNETES = DEPLOY / "systemd", DEPLOY / "compose", DEPLOY / "kubernetes"
GUIDE = (DEPLOY / "README.md").read_text()
CONFIG = KUBERNETES / "config.yaml"
ENVIRONMENT = {
    "GATEWAY_API_TOKEN": "a-token-of-the-operators",
    "TRACKELY_INTAKE_URL": "https://trackely.example/in",
    "TRACKELY_SECRET": "a-secret-of-the-tenant",
    "VENDOR_TOKEN": "a-token-of-the-vendor",
    "GATEWAY_STORE": "",
}
SUFFIX = re.compile(r"_(bucket|sum|count)$")


def unit(name: str) -> configparser.ConfigParser:
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(SYSTEMD / name)
    return read


def documents(file: Path) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(file.read_text()) if each]


def config():
    return load(CONFIG, ENVIRONMENT, find_adapter)


def test_the_shipped_configuration_is_good():
    """It loads with the variables of the guide, and no others."""
    assert set(config().settings.tenants) == {"acme"}
    assert set(re.findall(r"\$\{(\w+)", CONFIG.read_text())) == set(ENVIRONMENT)


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"\$\{(\w+)", (COMPOSE / "compose.yaml").read_text()))))
def test_every_variable_is_explained(variable):
    """In the guide's table, and in the example that is copied."""
    assert f"| `{variable}` |" in GUIDE
    assert re.search(rf"^{variable}=", (COMPOSE / "example.env").read_text(), re.MULTILINE)


def test_compose_gives_the_gateway_what_its_configuration_asks_for():
    """Each variable, and the folder of the store."""
    service = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]["gateway"]

    assert set(service["environment"]) == set(ENVIRONMENT)
    assert f"store:{Path(config().store_path).parent}" in service["volumes"]


def test_what_compose_mounts_is_there():
    """Each file of ours that a service is given exists."""
    services = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"].values()
    given = [volume.split(":")[0] for service in services for volume in service.get("volumes", ())]
    files = [COMPOSE / name for name in given if name.startswith(".")]

    assert len(files) >= 7
    assert [file for file in files if not file.exists()] == []


def test_only_the_proxy_is_public():
    """Every other port is bound to the machine itself."""
    services = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]
    ports = {name: service.get("ports", []) for name, service in services.items()}

    assert ports.pop("proxy") == ["80:80", "443:443"]
    assert [port for each in ports.values() for port in each if not str(port).startswith("127.0.0.1:")] == []


def test_prometheus_looks_where_the_metrics_are():
    """At the operators' address, with the alerts that docs/ ships."""
    scraping = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())

    assert scraping["scrape_configs"][0]["static_configs"][0]["targets"] == [
        f"gateway:{config().settings.server.admin.port}"
    ]
    assert scraping["rule_files"] == ["alerts.yaml"]


def known() -> set[str]:
    exposed = Metrics(["s"], ["t"]).render().decode()
    return set(re.findall(r"^# TYPE (\S+)", exposed, re.MULTILINE))


@pytest.mark.parametrize(
    "panel", json.loads((COMPOSE / "grafana/dashboard.json").read_text())["panels"], ids=lambda panel: panel["title"]
)
def test_every_metric_of_the_dashboard_exists(panel):
    """Each panel asks for something, and the gateway has it."""
    asked = {name for each in panel["targets"] for name in re.findall(r"trackely_gateway_\w+", each["expr"])}

    assert asked
    assert {SUFFIX.sub("", name) for name in asked} <= known() | {f"{name}_total" for name in known()}


def test_the_dashboard_shows_every_state():
    """No gauge of the gateway's own is left out but those that only alerts read."""
    text = (COMPOSE / "grafana/dashboard.json").read_text()
    exposed = Metrics(["s"], ["t"]).render().decode()
    gauges = set(re.findall(r"^# TYPE (trackely_gateway_\S+) gauge", exposed, re.MULTILINE))

    assert {name for name in gauges if name not in text} <= {"trackely_gateway_loop_last_tick_timestamp_seconds"}


def test_panels_do_not_overlap():
    """Each has its own place on the grid."""
    places = [panel["gridPos"] for panel in json.loads((COMPOSE / "grafana/dashboard.json").read_text())["panels"]]
    cells = [(place["x"] + x, place["y"] + y) for place in places for x in range(place["w"]) for y in range(place["h"])]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_systemd_hands_over_what_the_gateway_listens_on():
    """A socket for each listener, by its name, at the addresses of the configuration's ports."""
    sockets = {unit(file.name)["Socket"]["FileDescriptorName"]: unit(file.name) for file in SYSTEMD.glob("*.socket")}
    server = config().settings.server
    ports = {name: int(each["Socket"]["ListenStream"].rpartition(":")[2]) for name, each in sockets.items()}

    assert set(sockets) == set(LISTENERS)
    assert ports == {"hooks": server.port, "admin": server.admin.port}
    assert set(unit("trackely-gateway.service")["Service"]["Sockets"].split()) == {
        file.name for file in SYSTEMD.glob("*.socket")
    }


def test_the_service_is_told_and_is_held():
    """It notifies, its watchdog is on, a bad configuration is not started again, and nothing is left open to it."""
    service = unit("trackely-gateway.service")["Service"]

    assert (service["Type"], service["RestartPreventExitStatus"]) == ("notify", "78")
    assert int(service["WatchdogSec"]) >= 30
    assert "serve --config" in service["ExecStart"]
    for key, value in {
        "DynamicUser": "yes",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "UMask": "0077",
        "CapabilityBoundingSet": "",
        "RestrictNamespaces": "yes",
        "SystemCallArchitectures": "native",
    }.items():
        assert service[key] == value
    # What the gateway asks of the kernel at its start: its own limit on open files.
    assert "@resources" not in service["SystemCallFilter"]


def test_kubernetes_runs_one_that_owns_its_store():
    """One replica, replaced and never doubled, nobody's root, nothing writable but the store and a scratch folder."""
    (deployment,) = documents(KUBERNETES / "deployment.yaml")
    spec = deployment["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]

    assert (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate")
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    mounts = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert mounts == {str(Path(config().store_path).parent), "/tmp"}
    assert {each["name"]: each["containerPort"] for each in container["ports"]} == {
        "hooks": config().settings.server.port,
        "admin": config().settings.server.admin.port,
    }


def test_kubernetes_names_hang_together():
    """What is referred to is made here, but the secret, which the guide makes."""
    kustomization = documents(KUBERNETES / "kustomization.yaml")[0]
    made = [each for name in kustomization["resources"] for each in documents(KUBERNETES / name)]
    (deployment,) = [each for each in made if each["kind"] == "Deployment"]
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    claims = {each["metadata"]["name"] for each in made if each["kind"] == "PersistentVolumeClaim"}

    assert {each["kind"] for each in made} == {"Deployment", "Service", "NetworkPolicy", "PersistentVolumeClaim"}
    assert {each["persistentVolumeClaim"]["claimName"] for each in volumes if "persistentVolumeClaim" in each} == claims
    assert {each["configMap"]["name"] for each in volumes if "configMap" in each} == {
        each["name"] for each in kustomization["configMapGenerator"]
    }
    label = {"app.kubernetes.io/name": "trackely-gateway"}
    service, policy = (
        next(each["spec"] for each in made if each["kind"] == kind) for kind in ("Service", "NetworkPolicy")
    )
    assert deployment["spec"]["selector"]["matchLabels"] == label
    assert deployment["spec"]["template"]["metadata"]["labels"] == label
    assert (service["selector"], policy["podSelector"]["matchLabels"]) == (label, label)
    assert all(f"--from-literal={name}=" in GUIDE for name in ENVIRONMENT)


@pytest.mark.parametrize("file", ["compose/Caddyfile", "proxies/Caddyfile", "proxies/nginx.conf"])
def test_no_proxy_logs_a_query_string(file):
    """Some vendors put their token there."""
    text = (DEPLOY / file).read_text()

    if file.endswith("nginx.conf"):
        (format_,) = re.findall(r"^log_format trackely_gateway '(.*)';$", text, re.MULTILINE)
        assert "$uri" in format_
        assert not re.search(r"\$(request|request_uri|args|query_string|http_referer)\b", format_)
        assert re.search(r"access_log \S+ trackely_gateway;", text)
        assert re.search(r"error_log \S+ crit;", text)
    else:
        assert "request>uri regexp \\?.* ?..." in text
        assert "request>headers>Authorization delete" in text


def test_the_replicas_are_the_one_gateway_several_times():
    """What is patched is there under its name, a rollout leaves none out, and the budget is of the same pods."""
    folder = DEPLOY / "kubernetes-replicas"
    (kustomization,) = documents(folder / "kustomization.yaml")
    (patch,), (budget,) = documents(folder / "deployment.yaml"), documents(folder / "disruption.yaml")
    (base,) = documents(KUBERNETES / "deployment.yaml")
    volumes = {each["name"] for each in base["spec"]["template"]["spec"]["volumes"]}
    (claim,) = documents(KUBERNETES / "volume.yaml")
    removed = yaml.safe_load(kustomization["patches"][1]["patch"])

    assert (folder / kustomization["resources"][0]).resolve() == KUBERNETES
    assert all((folder / name).exists() for name in [*kustomization["resources"], kustomization["patches"][0]["path"]])
    assert (patch["kind"], patch["metadata"]) == (base["kind"], base["metadata"])
    assert patch["spec"]["replicas"] == 3
    assert patch["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert {each["name"] for each in patch["spec"]["template"]["spec"]["volumes"]} <= volumes
    assert (removed["kind"], removed["metadata"]["name"]) == (claim["kind"], claim["metadata"]["name"])
    assert budget["spec"]["selector"] == base["spec"]["selector"]
    assert "kubernetes-replicas" in GUIDE

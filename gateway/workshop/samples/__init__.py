"""Payloads that come with the package: those that adapters come with, and a few of ours."""

from importlib import resources
from importlib.resources.abc import Traversable


def sample(name: str) -> bytes:
    """A sample's bytes as they are."""
    adapters = [each for each in resources.files("adapters").joinpath("samples").iterdir() if each.is_dir()]
    places = [place.joinpath(name) for place in (*adapters, resources.files(__package__))]
    return _first(places).read_bytes()


def _first(places: list[Traversable]) -> Traversable:
    """The one that is there; else the last, whose reading says that it is not."""
    return next((place for place in places if place.is_file()), places[-1])


def shipped_config() -> str:
    """The configuration that comes with the package."""
    return sample("config.yaml").decode()

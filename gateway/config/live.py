"""The configuration in force: rooms read it when they use it, so that another can take its place while they run."""

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from gateway.config.model import Config, ConfiguredSource, Settings, Tenant

T = TypeVar("T")


class Derived(Generic[T]):
    """What is worked out of the configuration, once for each that comes into force.

    Attributes:
        value: that of the configuration in force.
    """

    def __init__(self, make: Callable[[Config], T], config: Config) -> None:
        self.make = make
        self.value = make(config)


class LiveMapping(Mapping[str, T]):
    """A mapping of the configuration in force, whichever that is at the moment."""

    def __init__(self, derived: Derived[Mapping[str, T]]) -> None:
        self._derived = derived

    def __getitem__(self, name: str) -> T:
        return self._derived.value[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._derived.value)

    def __len__(self) -> int:
        return len(self._derived.value)


class Live:
    """Holds one configuration at a time.

    Attributes:
        tenants: the tenants in force, by name.
        sources: the sources in force, by name.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._derived: list[Derived[object]] = []
        self.tenants: Mapping[str, Tenant] = self.mapping(lambda config: config.settings.tenants)
        self.sources: Mapping[str, ConfiguredSource] = self.mapping(lambda config: config.sources)

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self._config

    @property
    def settings(self) -> Settings:
        """Its settings."""
        return self._config.settings

    def derive(self, make: Callable[[Config], T]) -> Derived[T]:
        """What `make` works out, now and for each configuration to come. Raises what `make` raises."""
        derived = Derived(make, self._config)
        self._derived.append(derived)  # type: ignore[arg-type]  # nobody puts another's value into it
        return derived

    def mapping(self, make: Callable[[Config], Mapping[str, T]]) -> Mapping[str, T]:
        """A mapping of the configuration in force."""
        return LiveMapping(self.derive(make))

    def replace(self, config: Config) -> None:
        """Put another configuration into force, all or nothing.

        Raises:
            ValueError: something of it cannot be worked out, such as credentials that are none; nothing has changed.
        """
        made = [derived.make(config) for derived in self._derived]
        for derived, value in zip(self._derived, made, strict=True):
            derived.value = value
        self._config = config

"""An adapter's file whose orders go to the town that stands in it, so that it shows which code made them."""

from pathlib import Path

ADAPTER = """
import sys

from adapters import Adapter, Identity, OptionsModel, Order, State, VendorModel, decoder

class Notice(VendorModel):
    id: str

class Options(OptionsModel, frozen=True):
    pass

read = decoder(Notice)

def identify(hook):
    print("identified", file=sys.stderr)
    return Identity(event_id=read(hook.body).id, topic="notice")

def translate(hook, options, answers):
    print("sent to", "{town}")
    return [State(order=Order(external_order_id=read(hook.body).id, delivery_address="{town}"))]

ADAPTER = Adapter(name="acme", version="1", options=Options, identify=identify, translate=translate)
"""


def write(folder: Path, town: str) -> None:
    """Put it at `acme.py`."""
    (folder / "acme.py").write_text(ADAPTER.replace("{town}", town))

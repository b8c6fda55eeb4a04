"""Each trap that a vendor is known to set has a golden case that walks into it."""

from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden"
TRAPS = {
    "Logistics Plus' published Order sample is its Receive sample again": "logistics_plus/published_order",
    "shipFromAddress is the supplier's: nothing is delivered there": "logistics_plus/order_ship_from_alone",
    "the topic is the same for Orders and Receives": "logistics_plus/topic_of_another_type",
    "an unknown entity type is ignored": "logistics_plus/entity_unknown",
    "data.id is the record, the envelope's id the event": "logistics_plus/id_of_record",
    "numbers, countries and blanks are written in several ways": "logistics_plus/order_mixed_numbers",
    "absent, null and blank mean the same": "logistics_plus/nulls_everywhere",
    "a shipToAddress stands on a shipment": "logistics_plus/order_ship_to_on_shipment",
    "an unknown status": "logistics_plus/order_unknown_status",
    "additional members": "logistics_plus/unknown_members",
    "a Receive goes to the warehouse": "logistics_plus/published_receive",
    "a warehouse called NO": "logistics_plus/receive_at_warehouse_no",
    "Ongoing's webhook has no address": "ongoing/no_address",
    "seven fractional digits and no zone": "ongoing/timestamp_in_warehouse_time",
    "a timestamp that ends in Z": "ongoing/timestamp_with_z",
    "the oldest payloads, without status and users": "ongoing/oldest_payload",
    "ids alone": "ongoing/ids_alone",
    "null where a list was": "ongoing/nulls_everywhere",
    "purchase orders at the order URL": "ongoing/other_type_purchase_order",
    "shipments at the order URL": "ongoing/other_type_shipment",
    "articles at the order URL": "ongoing/other_type_article",
    "inventory at the order URL": "ongoing/other_type_inventory",
    "pick orders at the order URL": "ongoing/other_type_pick_order",
    "return orders at the order URL": "ongoing/other_type_return_order",
    "several goods owners on one URL": "ongoing/goods_owner_routed_to_tenant",
    "the payload's path is no URL to fetch": "ongoing/looked_up_path_of_another_host",
    "a deliveryDate that is a Swedish midnight in summer": "ongoing/delivery_date_swedish_midnight",
    "and in winter": "ongoing/delivery_date_swedish_winter_midnight",
    "everything but ids is null": "ongoing/looked_up_all_null",
    "way bill rows come wrapped": "ongoing/rows_wrapped",
    "no way bill rows": "ongoing/rows_no_content",
    "an unknown status number": "ongoing/unknown_status",
    "the order was renamed": "ongoing/looked_up_renamed_order",
    "two webhooks for one change: picked": "ongoing/looked_up_picked",
    "two webhooks for one change: status changed": "ongoing/looked_up_status_changed",
    "a byte order mark": "ongoing/body_with_bom",
    "Shopify's event ID and topic stand in headers": "shopify/order",
    "a shipping_address that is null": "shopify/shipping_address_null",
    "ids that are texts": "shopify/ids_as_text",
    "grams": "shopify/grams",
    "a cancellation told as an update": "shopify/cancelled_told_as_updated",
    "a topic that brings another body": "shopify/topic_edited",
    "ShipBob's topic stands in a header, an older subscription's in another": "shipbob/older_subscription",
    "an order split into several shipments": "shipbob/second_shipment_of_an_order",
    "Mintsoft says in its URL alone what happened": "mintsoft/cancelled",
    "a URL that does not say it": "mintsoft/url_without_event",
    "codes that are null where names are there": "mintsoft/country_code_null",
    "BigCommerce's webhook names an order and no more": "bigcommerce/status_updated",
    "an order that goes to several addresses": "bigcommerce/several_addresses",
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_has_a_golden_case(trap):
    """The case is there; that it comes out as expected is tested with all golden cases."""
    assert (GOLDEN / TRAPS[trap] / "body.json").is_file()
    assert (GOLDEN / TRAPS[trap] / "expected.json").is_file()

"""How vendors name things: every list is in the order of preference, without case and marks."""

import re
from typing import Final

DELIVERY_IDS: Final = ("delivery-id", "event-id", "message-id", "notification-id", "request-id", "-delivery")
"""Ends of headers that name one message; `webhook-id` is by some vendors one, by others a subscription."""

_MESSAGES: Final = ("event", "message", "webhookevent", "webhookdelivery", "webhookmessage", "notification", "delivery")
EVENT_IDS: Final = (
    *(message + name for name in ("id", "uuid", "guid", "key") for message in _MESSAGES),
    *("batchid", "requestid", "transactionid", "uuid", "guid"),
)
SUBSCRIPTIONS: Final = ("webhookid", "hookid", "subscriptionid")
"""What names a message by one vendor, and by the next a subscription, which comes with every message."""

ENVELOPES: Final = re.compile(
    r"event|meta|webhook|notification|message|source|\w*(metadata|headers?|envelope)|(event|message|webhook|notification)info"
)
TOPICS: Final = (
    *("topic", "eventtype", "event", "eventname", "webhookevent", "webhooktype", "webhooktopic", "notificationtype"),
    *("messagetype", "eventcode"),
    *("resourcetype", "scope", "action", "trigger", "type"),
)
HAPPENED: Final = re.compile(
    r"order|shipment|creat|updat|chang|modif|cancel|releas|plac|paid|complet|confirm|fulfil|ready|pick|deliver|return|refund",
    re.IGNORECASE,
)
"""What the words of a topic tell of; a `Message` or a `Webhook` tells nothing."""

REFERENCES: Final = (
    *("ordernumber", "orderno", "ordernum", "orderreference", "orderref", "salesordernumber", "primaryreference"),
    *("orderreferenceid", "orderreferencenumber", "orderreferenceno", "orderrefid", "orderrefno"),
    *(
        "externalorderid",
        "externalorderno",
        "externalid",
        "referenceid",
        "referencenumber",
        "referencenum",
        "reference",
        "documentnumber",
    ),
    *(
        "incrementid",
        "ref",
        "orderid",
        "idorder",
        "ordername",
        "orderkey",
        "receiptid",
        "displayid",
        "number",
        "no",
        "id",
    ),
)
VAGUE: Final = 4
"""So many of the last of them name whatever they stand in, not an order."""

SOME_ORDER: Final = re.compile(r"\w+order(id|number|no|ref|reference|code)")
"""`AcmeOrderId`: an order's name, by whose ever count."""

RIVAL: Final = re.compile(
    r"\w*(order|reference|ref|document|delivery|shipment|dispatch)\w*(number|no|num|ref|reference|id)"
)
"""What may name the order besides a member that does."""

PROBABLE: Final = re.compile(r"\w*(id|number|no|num|ref|reference|code)")
"""What may name an order where nothing does so by a name that is known."""

LOOKUP_IDS: Final = (
    *("orderid", "shipmentid", "resourceid", "objectid", "entityid", "recordid", "orderkey", "ordernumber", "id"),
)
LINKS: Final = ("resourceurl", "resourcehref", "orderurl", "href", "self", "selflink", "resource", "link", "url", "uri")
LINES: Final = (
    *("address1", "addressline1", "addr1", "line1", "street1", "streetline1", "addressstreet", "street"),
    *("streetaddress1", "streetaddress", "streetname", "firstline", "address", "addressline", "addr"),
    *("address2", "addressline2", "addr2", "line2", "street2", "streetline2", "streetaddress2", "secondline"),
    *("addition", "addressaddition", "addressadditional", "complement", "supplement"),
    *("address3", "addressline3", "addr3", "line3", "street3", "thirdline"),
)
HOUSE_NUMBERS: Final = ("housenumber", "houseno", "streetnumber", "streetno", "housenr")
CITIES: Final = ("city", "town", "locality", "cityname", "place", "suburb", "postaltown")
POST_CODES: Final = ("postalcode", "postcode", "zipcode", "zip", "postal", "postalzip", "zippostal", "pincode")
NO_PART: Final = re.compile(
    r"\w*(id|type|kind|note|notes|instructions?|date|at|fax|vat|tax|language|country\w*|name|title)"
)
"""What stands in an address object and is no part of the address."""

SOME_PART: Final = re.compile(
    r"\w*(number|no|nr|extension|ext|suffix|addition\w*|building|floor|apartment|apt|block|staircase|door)"
)
"""What a flat address may have besides: the number of the house, perhaps."""

STATES: Final = (
    *(
        "provincecode",
        "statecode",
        "countrystatecode",
        "state",
        "stateorprovince",
        "stateorregion",
        "province",
        "subdivisioncode",
        "regioncode",
        "region",
        "county",
    ),
)
COUNTRIES: Final = (
    "countrycode",
    "countryiso",
    "countryisocode",
    "countryiso2",
    "countryalpha2",
    "countryalpha3",
    "countryid",
    "country",
)
COUNTRY_OBJECT: Final = ("iso2", "iso", "isocode", "isocode2", "code", "alpha2", "countrycode", "name")
"""What of a country that is an object stands on the line."""

COMPANIES: Final = ("organization", "organisation", "companyname", "company", "businessname")
PEOPLE: Final = (
    *("fullname", "personname", "recipientname", "contactname", "customername", "name", "name1", "recipient"),
    *("addressee", "addressfullname", "contactperson", "customer", "receiver"),
)
ATTENTION: Final = ("attention", "attn", "contact")
"""Who opens the door: a name where nothing names the receiver."""

FIRST_NAMES: Final = ("firstname", "givenname", "forename", "fname")
LAST_NAMES: Final = ("lastname", "surname", "familyname", "lname")
MAILS: Final = ("email", "emailaddress", "customeremail", "mail", "contactemail", "buyeremail", "emailaddress1")
SOME_MAIL: Final = re.compile(
    r"(user|account|shopper|buyer|customer|client|contact|recipient|receiver|consignee|delivery|shipping|ship|shipto)+"
    r"e?mail(address|id)?|emailid"
)
"""A mail's name, by whose ever it is: all but a payer's or a sender's."""

PHONES: Final = (
    *(
        "phone",
        "phonenumber",
        "telephone",
        "telephonenumber",
        "mobile",
        "mobilenumber",
        "mobilephone",
        "phonemobile",
        "tel",
    ),
    *("phonenumber1", "phone1", "telephone1"),
)
CANCELLED_AT: Final = ("cancelledat", "canceledat", "cancelleddate", "cancellationdate", "cancelledon", "canceldate")
STATUSES: Final = (
    *("status", "orderstatus", "orderstate", "state", "statuscode", "statusname", "statustext", "fulfillmentstatus"),
)
PALLETS: Final = ("palletcount", "pallets", "numberofpallets", "palletqty", "palletquantity", "totalpallets")
QUANTITIES: Final = ("quantity", "qty", "quantityordered", "orderedquantity", "qtyordered", "count", "units")
WAYS: Final = (
    *("deliverymethod", "deliverytype", "shippingmethod", "fulfillmenttype", "fulfilmenttype", "fulfillmentmethod"),
    *("shippingtype", "methodid", "methodtitle", "shippingoption", "ispickup", "pickup", "localpickup"),
)
AWAY: Final = (
    *("bill", "invoice", "from", "sender", "supplier", "origin", "return", "warehouse", "shipper", "pickup", "store"),
    *("vendor", "seller", "merchant", "payer", "location"),
)
HERE: Final = ("ship", "deliver", "recipient", "consignee", "destination", "receiver", "dropoff", "dest")
PREFIX: Final = re.compile(
    r"((ship|shipping|shipment|deliver|delivery|recipient|consignee|destination|dest|receiver|dropoff|customer|client|"
    r"buyer|bill|billing|invoice|sender|supplier|origin|return|warehouse|shipper|pickup|store|from|to|address|addr)+)?"
)
"""What may stand before or after a part of an address that lies flat among other members."""

CHANGED: Final = re.compile(
    r"(order|date|time|last)*(updated?|upd|modif(y|ied)|chang(e|ed))(date|time|at|on|datetime|timestamp)*(?P<utc>utc|gmt)?"
)
TOLD: Final = re.compile(
    r"(event|message|triggered|occurred|sent|published|webhook|notification)?(timestamp|time|date|at|on|datetime)+"
    r"(?P<utc>utc|gmt)?|(created|generated|sent|triggered|occurred)(at|on|time|date)?(?P<utc2>utc|gmt)?"
)
"""An event's own time; of an order `created` is its beginning and no change."""

CREATED: Final = re.compile(r"(order|date|time)*(created?|placed|ordered)(date|time|at|on|datetime)*(?P<utc>utc|gmt)?")
PLANNED: Final = (
    re.compile(
        r"(planned|promised|requested|required|expected|estimated|scheduled|due|latest|preferred|desired)*"
        r"(delivery|deliver|arrival|arrive)(date|by|on|at|time|day)+(utc|gmt)?"
    ),
    re.compile(r"(planned|promised|requested|required|expected|due|scheduled|desired)(date|for|on|day|by)+"),
    re.compile(
        r"(planned|promised|requested|required|expected|estimated|scheduled|latest)*"
        r"(ship|shipping|shipment|dispatch|despatch)(date|by|on|by date|day)+(utc|gmt)?"
    ),
    re.compile(r"due|eta|duedate|needby|needbydate"),
)
"""Days that are planned; of delivery before those of shipping. What has happened (`shippedAt`) is none."""


def plain(key: str) -> str:
    """A name without case and marks."""
    return re.sub(r"[^a-z0-9]", "", key.lower())


def plain_words(text: str) -> list[str]:
    """A text's words, small and without marks."""
    return re.findall(r"[a-z0-9]+", text.lower())

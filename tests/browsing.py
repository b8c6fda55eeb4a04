"""A browser without a screen: signs in at the console, and posts forms as its own pages do."""

from html.parser import HTMLParser

SAME = {"Sec-Fetch-Site": "same-origin"}
VOID = frozenset({"meta", "link", "input", "br"})


class Markup(HTMLParser):
    """Well formed, and without anything that the policy would have to refuse; its links, headings and form fields."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.fields: dict[str, str] = {}
        self.headings = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        assert tag != "script" or given.get("src", "").startswith("/console/assets/"), attrs
        assert not [name for name, _ in attrs if name.startswith(("on", "style", "hx-on"))], attrs
        self.links += [value for name, value in attrs if name == "href"]
        self.ids += [value for name, value in attrs if name == "id"]
        self.headings += tag == "h1"
        if tag == "input" and given.get("type") == "hidden":
            self.fields[given["name"]] = given["value"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


async def sign_in(browser, role="administer", **headers):
    token = f"{role.removesuffix('e')}ing-token"
    return await browser.post("/console/login", data={"token": token}, headers={**SAME, **headers})


async def confirm(browser, path, **given):
    """Open an act's page and confirm it as its form is."""
    page = await browser.get(path)
    fields = Markup(page.text).fields
    return await browser.post(path.partition("?")[0], data={**fields, **given}, headers=SAME)

"""The HTML report as a browser, a screen reader and a mail gateway meet it."""

import re
import unicodedata
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from beleg.report import render_html
from beleg.report.html import style_hash, styles
from support import sample

PAGES = {
    "rich": lambda: render_html(sample.rich(), staff=True),
    "empty": lambda: render_html(sample.empty(), staff=False),
    "unchecked": lambda: render_html(sample.unchecked(), staff=False),
    "hostile": lambda: render_html(sample.hostile(), staff=True),
    "many": lambda: render_html(sample.rich(many=200), staff=False),
}
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Outline(HTMLParser):
    """A page's elements as a list of (tag, attributes, parents), with every text by its element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.unbalanced: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)


@pytest.fixture(scope="module", params=PAGES)
def page(request):
    return PAGES[request.param]()


@pytest.fixture(scope="module")
def outline(page):
    return Outline(page)


def test_every_element_is_closed(outline):
    assert (outline.unbalanced, outline.open) == ([], [])


def test_nothing_comes_from_elsewhere_and_nothing_runs(page, outline):
    assert not {tag for tag, _, _ in outline.seen} & {"script", "iframe", "object", "embed", "link", "img", "form", "base"}
    for _, attributes, _ in outline.seen:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "srcset", "style", "action"}]
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"@import|url\((?!#)", styles())
    assert "://" not in page.replace(sample.HOSTILE, "")


def test_the_policy_names_the_style_sheet_that_is_there(page):
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert f"style-src '{style_hash(style.group(1))}'" in page.replace("&#39;", "'")


def test_headings_come_in_order(outline):
    levels = [int(tag[1]) for tag, _, _ in outline.seen if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_drawing_has_a_title_and_every_table_a_caption(page):
    assert page.count("<svg") == len(re.findall(r"<svg[^>]*><title>[^<]+</title>|<svg[^>]*>\n<title>[^<]+</title>", page))
    assert page.count("<table") == page.count("<caption")
    assert not re.search(r"<th(?![^>]*scope=)[ >]", page.replace("<thead", ""))


def test_links_and_labels_lead_somewhere(outline):
    ids = [attributes["id"] for _, attributes, _ in outline.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = {attributes.get("href", "")[1:] for tag, attributes, _ in outline.seen if tag in {"a", "use"}}
    named |= {attributes["aria-labelledby"] for _, attributes, _ in outline.seen if "aria-labelledby" in attributes}
    assert named <= set(ids)
    assert {"main", "nav", "header", "footer"} <= {tag for tag, _, _ in outline.seen}


def test_no_character_acts(page):
    assert not {sign for sign in page if unicodedata.category(sign) in {"Cc", "Cs", "Cf"} and sign not in "\n\u200d\u200c"}


def test_every_class_in_the_page_has_a_style(outline):
    plain = {"of", "what", "head", "cut", "u-fill"}
    used = {name for _, attributes, _ in outline.seen for name in (attributes.get("class") or "").split()}
    unknown = {name for name in used if f".{name}" not in styles()} - plain
    assert {name for name in unknown if not name.startswith(("st-", "l-", "q-", "n-"))} <= {"onpaper", "st-pending"}


def test_hostile_text_stays_text():
    page = PAGES["hostile"]()
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert "{{ 7*7 }}" in page
    assert "\\u202e" in page
    assert "A" * 1500 not in page


def test_two_hundred_refunds_stay_small():
    assert len(PAGES["many"]().encode()) < 2_000_000


def test_staff_are_off_until_asked_for():
    assert "staff-7c1f20" not in render_html(sample.rich(), staff=False)
    shown = render_html(sample.rich(), staff=True)
    assert "staff-7c1f20" in shown
    assert "works council" in shown
    assert "too few peers" in shown
    assert 'id="staff"' not in render_html(sample.empty(), staff=True)


def test_the_words_are_kept():
    page = PAGES["rich"]()
    text = re.sub(r"<[^>]+>", " ", page)
    assert "€412,310.22" in re.sub(r"\s+|<span class=\"cents\">", "", page)
    assert not re.search(r"\bclean\b", text)
    assert re.sub(r"never fraud|not mean fraud", "", text).count("fraud") == 0
    assert "There are no refunds or claims in this source." in PAGES["empty"]()


def test_a_page_is_the_same_every_time():
    assert render_html(sample.rich(), staff=True) == render_html(sample.rich(), staff=True)


# ------------------------------------------------------------------------------------------------ colours


def light_and_dark() -> list[dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", styles(), re.DOTALL)
    light, dark = (dict(re.findall(r"--(\w[\w-]*): (#[0-9a-f]{6});", block)) for block in blocks[:2])
    return [light, light | dark]


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast_is_enough(scheme):
    colours = light_and_dark()[scheme]
    for words in ("ink", "soft", "red", "green"):
        for ground in ("paper", "tint"):
            assert contrast(colours[words], colours[ground]) >= 4.5, (words, ground)
    assert contrast(colours["red"], colours["red-tint"]) >= 4.5
    for sign in ("red", "green", "grey", "soft"):
        assert contrast(colours[sign], colours["paper"]) >= 3, sign
    assert contrast(colours["mark"], colours["green"]) >= 3
    assert contrast(colours["mark"], colours["red"]) >= 3
    assert contrast(colours["ink"], colours["fog"]) >= 4.5

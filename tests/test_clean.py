"""Cleaning: from the bytes of a page to text, title, times, language and sources, and never more than the page says."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings, strategies

from pipeline import contract
from pipeline.clean import clean, mark_copies
from pipeline.clean.cite import cited_wires
from pipeline.clean.copies import signature
from pipeline.clean.decode import decode_page
from pipeline.clean.language import detect_language
from pipeline.clean.when import find_time, times_in
from pipeline.errors import RejectError
from pipeline.ids import make_id, sha256_bytes
from pipeline.io.warc import Body
from pipeline.settings import load_knobs
from pipeline.sources import load_sources
from pipeline.stage import Result
from tests.newsroom.render import article_page
from tests.newsroom.serve import DEFAULT_CLOCK
from tests.newsroom.stories import Article, Outlet, read_outlets
from tests.scripted_server import source

KNOBS = load_knobs().clean
DAY = date(2024, 1, 16)
SEEN = datetime(2024, 1, 16, 20, tzinfo=UTC)
URL = "http://news.example/2024/quetta-market"
PARAGRAPHS = [
    "QUETTA: Shopkeepers of the old vegetable market reopened their stalls on Tuesday after a strike of three days.",
    "The traders had asked the city for drains. An engineer of the works department promised them before the monsoon.",
    "Prices of onions and tomatoes went back to what they were last week, a buyer said, and the lanes were full.",
]
TEXT = "\n".join(PARAGRAPHS)


def page(
    *, head: str = "", line: str = "", before: str = "", after: str = "", title: str = "Market reopens", body: str = ""
) -> str:
    """A page in an ordinary design with an article, and the given parts around it."""
    text = body or "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    return (
        f"<!doctype html><html><head><title>{title} | Example Gazette</title>{head}</head><body>"
        f"<header><a href='/'>Example Gazette</a><span class='clock'>Tuesday, March 5, 2024 11:00 am</span></header>"
        f"<nav><a href='/a'>Home</a><a href='/b'>Pakistan</a></nav>{before}"
        f"<main><article><h1>{title}</h1>{line}{text}</article></main>{after}"
        f"<footer>Example Gazette, 2 Some Street. January 1, 2001</footer></body></html>"
    )


def clean_pages(
    *pages: str | bytes, link: dict[str, Any] | None = None, content_type: str = "text/html", **changes: Any
) -> Result:
    bodies = [text.encode() if isinstance(text, str) else text for text in pages]
    captures = [
        {"capture_id": f"cap_{n}", "link_id": f"lnk_{n}", "source_id": "example", "day": DAY, "url": f"{URL}-{n}",
         "final_url": f"{URL}-{n}", "status": 200, "content_type": content_type, "fetched_at": SEEN, "seen_at": SEEN,
         "body_sha256": sha256_bytes(body), "n_bytes": len(body), "warc_file": "x.warc.gz", "warc_offset": n}
        for n, body in enumerate(bodies)
    ]  # fmt: skip
    fed = {"link_id": "lnk_0", "source_id": "example", "day": DAY, "url": URL, "adapter": "rss", "found_in": "x"}
    links = contract.frame("link", [fed | link] if link else [])
    return clean(
        source("http://news.example", **changes),
        contract.frame("capture", captures),
        links,
        lambda row: Body(bodies[row["warc_offset"]], 200, content_type),
        KNOBS,
    )


def article(text: str | bytes, **more: Any) -> dict[str, Any]:
    result = clean_pages(text, **more)
    assert result.rejects.is_empty(), result.rejects.to_dicts()
    return result.tables["article"].row(0, named=True)


def refusal(text: str | bytes, **more: Any) -> tuple[str, str]:
    result = clean_pages(text, **more)
    assert result.tables["article"].is_empty()
    (row,) = result.rejects.iter_rows(named=True)
    assert row["record_id"] == "cap_0" and URL in row["locator"]
    return row["reason"], row["detail"]


# --- text --------------------------------------------------------------------------------------------------------

FURNITURE = [
    "<div class='related-posts'><ul><li><a href='/x'>Bomb kills nine in Turbat</a> Nine died.</li></ul></div>",
    "<aside><h3>Most read</h3><p>Twelve dead in a train crash, officials say, as rescue goes on.</p></aside>",
    "<section id='comments'><h3>Comments</h3><div class='comment'>My cousin says 20 people died.</div></section>",
    "<div class='cookie-banner'>We use cookies. Read our policy. <button>Accept</button></div>",
    "<div class='newsletter-signup'><p>Get the morning briefing in your inbox. It is free.</p></div>",
    "<div class='share-buttons'>Share Tweet Email</div>",
]


def test_text_is_the_article_and_nothing_around_it() -> None:
    assert article(page(before=FURNITURE[3], after="".join(FURNITURE)))["text"] == TEXT


@pytest.mark.parametrize("furniture", FURNITURE)
def test_furniture_inside_the_article_is_left_out(furniture: str) -> None:
    inside = f"<p>{PARAGRAPHS[0]}</p>{furniture}<p>{PARAGRAPHS[1]}</p><p>{PARAGRAPHS[2]}</p>"
    assert article(page(body=inside))["text"] == TEXT


@pytest.mark.parametrize(
    "line", ["READ MORE: Bomb kills nine in Turbat", "Also read: Nine dead",
             "Published in The Gazette, January 17th, 2024",
             "#Quetta #Market", "Advertisement", "Share this article", "بیشتر بخوانید: نه کشته", "مزید پڑھیں: نو ہلاک"]
)  # fmt: skip
def test_lines_that_are_no_text_are_left_out(line: str) -> None:
    body = "".join(f"<p>{text}</p>" for text in [PARAGRAPHS[0], line, *PARAGRAPHS[1:], line])
    assert article(page(body=body))["text"] == TEXT


def test_caption_is_no_text() -> None:
    caption = "<figure><img src='x'><figcaption>A view of Panjgur, where three died in 2019.</figcaption></figure>"
    assert "Panjgur" not in article(page(line=caption))["text"]


def test_element_with_an_odd_name_around_the_whole_article_is_kept() -> None:
    body = "<div class='content-with-sidebar'>" + "".join(f"<p>{text}</p>" for text in PARAGRAPHS) + "</div>"
    assert article(page(body=body))["text"] == TEXT


def test_joiners_stay_and_other_invisible_marks_go() -> None:
    words = (
        "نیروهای امنیتی می‌گویند که\u200f راه\u00ad بازار\ufeff از روز سه‌شنبه باز شده است و مردم از آن رفت‌وآمد می‌کنند."
    )
    text = article(page(body=f"<p>{words}</p><p>{words}</p>"))["text"]
    assert text.split("\n")[0] == words.replace("\u200f", "").replace("\u00ad", "").replace("\ufeff", "")
    assert "\u200c" in text


def test_article_id_is_of_address_and_bytes() -> None:
    row = article(page())
    assert row["article_id"] == make_id("art", f"{URL}-0", sha256_bytes(page().encode()))


def test_live_blog_keeps_the_order_of_its_entries() -> None:
    entries = "".join(
        f"<section><h3>{hour}:00 GMT</h3><p>{text}</p></section>"
        for hour, text in zip((19, 14, 9), PARAGRAPHS, strict=True)
    )
    blog = article(page(body=f"<div class='live-blog'>{entries}</div>"))
    assert blog["text"] == TEXT


# --- pages that are no article -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [b"", b"   \n", b"<html></html>", b"<div>" * 50_000 + b"x" + b"</div>" * 50_000,
             page(body="<p>Short.</p>").encode(),
             page(body=" ", after="".join(FURNITURE)).encode(), b"<!doctype html><html><body><p>Loading..."]
)  # fmt: skip
def test_page_without_text_is_a_reject(body: bytes) -> None:
    assert refusal(body)[0] == "no_text"


def test_page_of_very_many_elements_is_too_large() -> None:
    assert refusal(page(body="<p>" + "<span>x</span>" * 20_100))[0] == "too_large"
    assert article(page(after="<div class='related'><a href='/x'>A story</a></div>" * 20_100))["text"] == TEXT


@pytest.mark.parametrize("kind", ["application/pdf", "image/jpeg", "application/json", "text/plain"])
def test_other_media_types_are_not_html(kind: str) -> None:
    assert refusal(page(), content_type=kind)[0] == "not_html"


def test_binary_under_the_name_of_html_is_not_html() -> None:
    assert refusal(bytes(range(256)) * 40)[0] == "not_html"


WALL = "<div class='paywall'><p>This story is for subscribers. Sign in or take a trial to read on.</p></div>"


@pytest.mark.parametrize(
    ("head", "after"),
    [
        ("", WALL),
        ("", "<p>To continue reading, please subscribe</p>"),
        ('<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": false}</script>', ""),
    ],
)
def test_stub_before_a_paywall_is_a_reject(head: str, after: str) -> None:
    body = f"<p>{PARAGRAPHS[0]}</p>{after}"
    assert refusal(page(head=head, body=body))[0] == "paywall"


def test_whole_article_that_is_sold_elsewhere_is_kept() -> None:
    long = "".join(f"<p>{text}</p>" for text in PARAGRAPHS * 4)
    assert article(page(body=long + WALL))["text"].startswith(PARAGRAPHS[0])


def test_damaged_archive_is_a_reject_and_the_others_go_on() -> None:
    def read(row: dict[str, Any]) -> Body:
        if row["warc_offset"] == 0:
            raise RejectError("archive_corrupt", "x.warc.gz at byte 0: record is cut")
        return Body(page().encode(), 200, "text/html")

    captures = [
        {"capture_id": f"cap_{n}", "link_id": "lnk", "source_id": "example", "day": DAY, "url": f"{URL}{n}",
         "final_url": f"{URL}{n}", "status": 200, "fetched_at": SEEN, "seen_at": SEEN,
         "body_sha256": sha256_bytes(page().encode()) if n < 2 else "other",
         "n_bytes": 1, "warc_file": "x.warc.gz", "warc_offset": n} for n in range(3)
    ]  # fmt: skip
    result = clean(
        source("http://news.example"), contract.frame("capture", captures), contract.empty("link"), read, KNOBS
    )
    assert result.tables["article"]["capture_id"].to_list() == ["cap_1"]
    assert set(result.rejects["reason"]) == {"archive_corrupt"} and result.rejects.height == 2


def test_same_page_by_two_addresses_is_one_article() -> None:
    captures = [
        {"capture_id": f"cap_{n}", "link_id": f"lnk_{n}", "source_id": "example", "day": DAY, "url": f"{URL}{n}",
         "final_url": URL,
         "status": 200, "fetched_at": SEEN, "seen_at": SEEN, "body_sha256": sha256_bytes(page().encode()), "n_bytes": 1,
         "warc_file": "x.warc.gz", "warc_offset": n} for n in range(2)
    ]  # fmt: skip
    result = clean(
        source("http://news.example"), contract.frame("capture", captures), contract.empty("link"),
        lambda row: Body(page().encode(), 200, "text/html"), KNOBS,
    )  # fmt: skip
    assert result.tables["article"].height == 1
    assert result.rejects["reason"].to_list() == ["unchanged"]


# --- encodings ---------------------------------------------------------------------------------------------------

PERSIAN = "<html><head>%s</head><body><p>بازار سبزی کویته پس از سه روز اعتصاب باز شد</p></body></html>"


@pytest.mark.parametrize(
    ("data", "content_type", "language", "expected"),
    [
        ((PERSIAN % "").encode(), "text/html", "fa", "سه روز"),
        ((PERSIAN % "").encode("utf-8-sig"), "text/html; charset=iso-8859-1", "fa", "سه روز"),
        ((PERSIAN % "").encode("utf-16"), "text/html", "fa", "سه روز"),
        ((PERSIAN % "").encode(), "text/html; charset=windows-1252", "fa", "سه روز"),
        ((PERSIAN % "").replace("ی", "ي").encode("cp1256"), "text/html; charset=windows-1256", "fa", "سه روز"),
        ((PERSIAN % '<meta charset="windows-1256">').replace("ی", "ي").encode("cp1256"), "text/html", "en", "سه روز"),
        ((PERSIAN % "").replace("ی", "ي").encode("cp1256"), "text/html; charset=utf-8", "fa", "سه روز"),
        ((PERSIAN % "").replace("ی", "ي").encode("cp1256"), None, "ur", "سه روز"),
        ("<p>café – légende</p>".encode("cp1252"), "text/html; charset=ISO-8859-1", "en", "café – légende"),
        ("<p>café – légende</p>".encode("cp1252"), "text/html; charset=utf-8", "en", "café – légende"),
        ("<p>café</p>".encode(), "text/html; charset=klingon", "en", "café"),
        ("<p>naïve café, déjà vu</p>".encode()[:-5] + b"\xc3</p>" + b"<p>plain</p>" * 30, "text/html", "en",
         "naïve café"),
    ],
)  # fmt: skip
def test_encodings(data: bytes, content_type: str | None, language: str, expected: str) -> None:
    assert expected in decode_page(data, content_type, language)


def test_bytes_that_no_encoding_fits_are_undecodable() -> None:
    data = b"<p>" + bytes(range(0x80, 0xA0)) * 8 + b"\x81\x8d" * 99
    with pytest.raises(RejectError) as caught:
        decode_page(data, "text/html; charset=klingon", "en")
    assert caught.value.reason == "undecodable" and "klingon" in caught.value.detail


# --- times -------------------------------------------------------------------------------------------------------

EIGHT = datetime(2024, 1, 16, 8, 30, tzinfo=UTC)
JSON_LD = '<script type="application/ld+json">%s</script>'


GRAPH = [{"@type": "WebSite"}, {"@type": ["Article"], "datePublished": "2024-01-16T08:30:00Z"}]


def ld(**more: str) -> str:
    return JSON_LD % json.dumps(
        {"@context": "https://schema.org", "@type": "NewsArticle", "headline": "Market reopens"} | more
    )


@pytest.mark.parametrize(
    ("head", "line"),
    [
        (ld(datePublished="2024-01-16T13:30:00+05:00"), ""),
        (JSON_LD % json.dumps({"@graph": GRAPH}), ""),
        ('<meta property="article:published_time" content="2024-01-16T13:30:00+0500">', ""),
        ('<meta itemprop="datePublished" content="2024-01-16 13:30:00">', ""),
        ("", '<p>By A Reporter, <time datetime="2024-01-16T08:30:00Z">today</time></p>'),
        ("", "<p>Published January 16, 2024 1:30pm</p>"),
        ("", "<p>Jan 16, 2024, 01:30 PM PKT | A Reporter</p>"),
        ("", "<div>Tue, 16 Jan 2024 13:30 PST | PAKISTAN | By Staff</div>"),
        ("", "<span>16th January 2024, 08:30 GMT</span>"),
        ("", "<p>سه‌شنبه ۲۶ دی ۱۴۰۲ - ۱۳:۳۰</p>"),
        ("", "<p>1402/10/26 13:30</p>"),
        ("", "<p>16 جنوری 2024 13:30 | نمائندہ خصوصی</p>"),
        ("<script type='application/ld+json'>{broken json</script>", "<p>2024-01-16 13:30</p>"),
    ],
)  # fmt: skip
def test_publication_time_of_many_houses(head: str, line: str) -> None:
    row = article(page(head=head, line=line))
    assert (row["published_at"], row["published_precision"], row["published_from"]) == (EIGHT, "second", "page")
    assert row["zone"] == "Asia/Karachi"
    assert row["text"] == TEXT, "and the line is no part of the text"


@pytest.mark.parametrize(
    "line", ["<p>16/01/2024 by Gazette team</p>", "<p>January 16, 2024</p>", "<p>16 جنوری 2024</p>"]
)
def test_day_alone_stays_a_day(line: str) -> None:
    row = article(page(line=line))
    assert row["published_at"] == datetime(2024, 1, 15, 19, tzinfo=UTC), "midnight in Karachi"
    assert row["published_precision"] == "day"


def test_day_of_the_page_is_made_exact_by_the_feed_of_that_day() -> None:
    line = "<p>January 16, 2024</p>"
    row = article(page(line=line), link={"published_at": EIGHT})
    assert (row["published_at"], row["published_precision"], row["published_from"]) == (EIGHT, "second", "feed")
    row = article(page(line=line), link={"published_at": datetime(2024, 1, 18, 8, tzinfo=UTC)})
    assert (row["published_precision"], row["published_from"]) == ("day", "page")


def test_page_without_a_date_takes_that_of_the_feed_or_none() -> None:
    row = article(page(), link={"published_at": EIGHT, "adapter": "news_sitemap"})
    assert (row["published_at"], row["published_from"]) == (EIGHT, "sitemap")
    row = article(page())
    assert (row["published_at"], row["published_precision"], row["published_from"]) == (None, "unknown", "none")


def test_clock_in_the_header_and_dates_in_text_and_footer_are_no_publication() -> None:
    body = (
        "<p>On January 2, 2020 a fire had burned the market down, and since then it has not been rebuilt at all.</p>"
        * 3
    )
    row = article(page(body=body, before="<div>March 5, 2024 11:00 am</div>"))
    assert row["published_at"] is None


def test_dates_of_related_stories_are_not_taken() -> None:
    others = json.dumps(
        [
            {"@type": "NewsArticle", "headline": f"Other {n}", "url": f"/{n}", "datePublished": "2020-01-01"}
            for n in range(3)
        ]
    )
    aside = "<aside><time datetime='2019-05-05T10:00:00Z'>2019</time></aside>"
    row = article(page(head=JSON_LD % others, before=aside, after=aside))
    assert row["published_at"] is None


def test_time_after_the_page_was_seen_is_not_believed() -> None:
    row = article(page(head=ld(datePublished="2031-01-01T00:00:00Z"), line="<p>January 16, 2024 1:30pm</p>"))
    assert row["published_at"] == EIGHT


@pytest.mark.parametrize(
    ("head", "line"),
    [
        (ld(datePublished="2024-01-16T08:30:00Z", dateModified="2024-01-16T10:00:00Z"), ""),
        ("", "<p>Published January 16, 2024 1:30pm | Updated January 16, 2024 3:00pm</p>"),
        ("", "<p>Updated January 16, 2024 3:00pm | Published January 16, 2024 1:30pm</p>"),
        ("", "<p>Jan 16, 2024, 1:30 PM &nbsp; (edited Jan 16, 2024, 3:00 PM)</p>"),
    ],
)
def test_change_is_told_from_publication(head: str, line: str) -> None:
    row = article(page(head=head, line=line))
    assert (row["published_at"], row["modified_at"]) == (EIGHT, datetime(2024, 1, 16, 10, tzinfo=UTC))


def test_unchanged_article_has_no_change() -> None:
    same = "2024-01-16T08:30:00Z"
    assert article(page(head=ld(datePublished=same, dateModified=same)))["modified_at"] is None


@pytest.mark.parametrize(
    "line", ["31/02/2024", "1402/13/01", "Esfand 31, 1402", "99 January 2024", "no date", "12:30", "call 2024"]
)
def test_what_is_no_date_is_none(line: str) -> None:
    assert find_time(line, "UTC") is None


@pytest.mark.parametrize(
    ("jalali", "gregorian"),
    [("1 فروردین 1403", date(2024, 3, 20)), ("30 اسفند 1399", date(2021, 3, 20)), ("29 اسفند 1402", date(2024, 3, 19)),
     ("1 فروردین 1402", date(2023, 3, 21)), ("22 بهمن 1402", date(2024, 2, 11)), ("31 شهریور 1402", date(2023, 9, 22))],
)  # fmt: skip
def test_solar_hijri_days(jalali: str, gregorian: date) -> None:
    ((_, moment),) = times_in(jalali, "UTC")
    assert (moment.at.date(), moment.precision) == (gregorian, "day")


# --- title, author, address --------------------------------------------------------------------------------------


def test_title_is_the_headline_without_the_outlet() -> None:
    assert article(page())["title"] == "Market reopens"
    no_heading = page().replace("<h1>Market reopens</h1>", "")
    assert article(no_heading)["title"] == "Market reopens"
    shared = page(head='<meta property="og:title" content="Market reopens">').replace("<h1>", "<h1>Gazette</h1><h1>")
    assert article(shared)["title"] == "Market reopens"


@pytest.mark.parametrize(
    ("head", "line"),
    [
        (ld(author="A. Reporter"), ""),
        (JSON_LD % json.dumps({"@type": "NewsArticle", "author": [{"@type": "Person", "name": "A. Reporter"}]}), ""),
        ('<meta name="author" content="A. Reporter">', ""),
        ("", '<p class="byline">By A. Reporter</p>'),
        ("", "<p>January 16, 2024 1:30pm | A. Reporter</p>"),
        ("", "<p>16/01/2024 by A. Reporter</p>"),
    ],
)
def test_author(head: str, line: str) -> None:
    assert article(page(head=head, line=line))["author"] == "A. Reporter"


@pytest.mark.parametrize(
    ("canonical", "expected"),
    [
        ("/2024/quetta-market?utm_source=x", "http://news.example/2024/quetta-market"),
        ("http://www.news.example/q", "http://www.news.example/q"),
        ("http://elsewhere.example/q", f"{URL}-0"),
        ("/", f"{URL}-0"),
        ("http://[broken", f"{URL}-0"),
    ],
)
def test_canonical_address_counts_on_the_same_host_only(canonical: str, expected: str) -> None:
    assert article(page(head=f'<link rel="canonical" href="{canonical}">'))["url"] == expected


# --- language ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Shopkeepers of the market reopened their stalls on Tuesday after a strike.", "en"),
        ("فروشندگان بازار پس از سه روز اعتصاب مغازه‌های خود را باز کردند و مردم از آنان خرید کردند.", "fa"),
        ("فروشندگان بازار كويته پس از سه روز اعتصاب مغازه هاي خود را باز كردند و مردم از اين كار خوشحال شدند", "fa"),
        ("کوئٹہ کے تاجروں نے تین دن کی ہڑتال کے بعد منگل کو بازار کھول دیا اور لوگوں نے خریداری کی۔", "ur"),
        ("د کوټې دوکاندارانو له درې ورځو وروسته بازار بیا پرانیست او خلکو پکې سودا وکړه چې ډېره ښه وه.", "ps"),
        ("فتح التجار السوق يوم الثلاثاء بعد إضراب استمر ثلاثة أيام في المدينة على الرغم من المطر.", "ar"),
        ("Les commerçants du marché ont rouvert leurs étals dans la ville après une grève de trois jours.", "fr"),
        ("12345 !!", "xx"),
        ("", "xx"),
    ],
)
def test_languages_are_told_apart(text: str, language: str) -> None:
    assert detect_language(text, "xx") == language


# --- sources that a text names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "author", "wires"),
    [
        ("QUETTA, Jan 16 (Reuters) - The market reopened.", None, ["reuters"]),
        ("The market reopened.\n— AFP", None, ["afp"]),
        ("The market reopened. (APP)", None, ["app"]),
        ("The market reopened.", "AFP and Our Correspondent", ["afp"]),
        ("The market reopened, according to the state news agency IRNA.", None, ["irna"]),
        ("The market reopened, Tasnim news agency reported.", None, ["tasnim"]),
        ("به گزارش ایرنا، بازار باز شد.", None, ["irna"]),
        ("به نقل از خبرگزاری تسنیم بازار باز شد.", None, ["tasnim"]),
        ("اے ایف پی کے مطابق بازار کھل گیا۔", None, ["afp"]),
        ("The market reopened, officials told Makran Wire.", None, ["makran_wire"]),
        ("A new app helps shoppers. The ap store is full.", None, []),
        ("IRNA's building stands by the market.", None, []),
        ("It is quiet. " * 80 + "According to Reuters it rained. " + "It is quiet. " * 20, None, []),
    ],
)
def test_cited_wires(text: str, author: str | None, wires: list[str]) -> None:
    assert cited_wires(text, author, frozenset({"example"})) == wires


def test_outlet_does_not_cite_itself() -> None:
    assert cited_wires("TEHRAN (IRNA) - The market reopened.", "IRNA", frozenset({"irna"})) == []


# --- copies ------------------------------------------------------------------------------------------------------


def copies(*rows: tuple[str, str, int]) -> pl.DataFrame:
    return contract.frame("article", [
        {"article_id": name, "minhash": signature(text), "published_at": EIGHT.replace(minute=minute), "seen_at": SEEN}
        for name, text, minute in rows
    ])  # fmt: skip


LONG = " ".join(f"word{n} of the report that was printed" for n in range(60))


def test_copies_point_to_the_earliest_and_never_to_a_copy() -> None:
    frame = copies(
        ("c", LONG + " one more", 30), ("a", LONG, 10), ("b", "The lead is new. " + LONG, 20), ("d", TEXT * 3, 5)
    )
    marked = dict(mark_copies(frame, 0.8).select("article_id", "copy_of").iter_rows())
    assert marked == {"a": None, "b": "a", "c": "a", "d": None}


def test_marks_do_not_depend_on_order_or_on_earlier_marks() -> None:
    frame = copies(("a", LONG, 10), ("b", LONG, 10), ("c", TEXT, 1))
    once = mark_copies(frame, 0.8)
    assert mark_copies(once, 0.8).equals(once)
    assert mark_copies(frame.reverse(), 0.8).sort("article_id").equals(once.sort("article_id"))
    assert mark_copies(once.filter(pl.col("article_id") == "b"), 0.8)["copy_of"].to_list() == [None]
    assert mark_copies(contract.empty("article"), 0.8).is_empty()


def test_short_text_has_no_signature() -> None:
    assert signature("two words") is None
    assert mark_copies(copies(("a", "two words", 1), ("b", "two words", 2)), 0.8)["copy_of"].to_list() == [None, None]


def test_signature_is_stable() -> None:
    """Signatures are stored: a library that hashes differently must be noticed."""
    first = signature("The quick brown fox jumps over the lazy dog")
    assert first is not None and len(first) == 128
    assert first == signature("the QUICK brown fox, jumps over the lazy dog!")
    assert first[:4] == SIGNATURE_HEAD


SIGNATURE_HEAD = [3323603304, 3328837068, 3251736330, 162380357]


# --- the whole newsroom ------------------------------------------------------------------------------------------


def newsroom_articles() -> list[tuple[Outlet, Article]]:
    return [(outlet, one) for outlet in read_outlets().values() if outlet.id != "hostile" for one in outlet.articles]


def test_newsroom_pages_come_back_as_they_were_written() -> None:
    """Seven designs, three languages: text to the letter, title, language, date; odd pages by their reason."""
    sources = load_sources("demo")
    wrong = []
    for outlet, one in newsroom_articles():
        found, version = _clean_newsroom_page(outlet, one, sources), one.at(DEFAULT_CLOCK)
        assert version is not None
        written = "\n".join(text.removeprefix("## ") for text in version.text)
        if one.quirks & {"paywall", "empty"}:
            expected = "paywall" if "paywall" in one.quirks else "no_text"
            wrong += [one.id] if found.rejects["reason"].to_list() != [expected] else []
            continue
        row = found.tables["article"].row(0, named=True)
        same_text = row["text"] == written or bool(one.quirks & {"legacy_meta", "live_blog"})
        local = row["published_at"] and row["published_at"].astimezone(one.published.tzinfo).date()
        same_day = local == one.published.date() or "no_date" in one.quirks
        same_title = row["title"] == version.title or "legacy_meta" in one.quirks
        if not (same_text and same_day and same_title and row["language"] == one.lang):
            wrong.append(one.id)
    assert wrong == []


def _clean_newsroom_page(outlet: Outlet, one: Article, sources: dict[str, Any]) -> Result:
    publisher = sources[outlet.id]
    base = publisher.homepage.rstrip("/")
    made = article_page(outlet, one, base, DEFAULT_CLOCK)
    capture = {
        "capture_id": "cap_0", "link_id": "lnk_0", "source_id": outlet.id, "day": DAY, "url": base + outlet.path(one),
        "final_url": base + outlet.path(one), "status": 200, "content_type": made.content_type,
        "fetched_at": DEFAULT_CLOCK,
        "seen_at": made.changed_at, "body_sha256": sha256_bytes(made.body), "n_bytes": len(made.body), "warc_file": "x",
        "warc_offset": 0,
    }  # fmt: skip
    return clean(
        publisher, contract.frame("capture", [capture]), contract.empty("link"),
        lambda row: Body(made.body, 200, made.content_type), KNOBS,
    )  # fmt: skip


# --- whatever comes ----------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    cuts=strategies.lists(strategies.tuples(strategies.floats(0, 1), strategies.binary(max_size=12)), max_size=8),
    content_type=strategies.sampled_from(["text/html", "text/html; charset=windows-1256", "text/html; charset=\x00"]),
)
def test_mutated_pages_end_as_article_or_reject(cuts: list[tuple[float, bytes]], content_type: str) -> None:
    data = page(
        head=ld(datePublished="2024-01-16T08:30:00Z"), line="<p>January 16, 2024 1:30pm</p>", after=FURNITURE[0]
    ).encode()
    for where, piece in cuts:
        at = int(where * len(data))
        data = data[:at] + piece + data[at + 3 :]
    result = clean_pages(data, content_type=content_type)
    assert result.tables["article"].height + result.rejects.height == 1
    assert "internal_error" not in result.rejects["reason"].to_list()

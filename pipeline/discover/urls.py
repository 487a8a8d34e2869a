"""One address for one page: no fragment, no tracking parameters, no accidental spelling."""

from __future__ import annotations

from functools import cache
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from pydantic import ValidationError

from pipeline.settings import CONFIG, Model, explain_validation, load_yaml

SAFE_IN_PATH = "/%:@!$&'()*+,;=~-._"
DEFAULT_PORTS = {"http": "80", "https": "443"}
MAX_URL_CHARS = 2_000


class _Web(Model):
    tracking_parameters: tuple[str, ...]


@cache
def _tracking() -> tuple[frozenset[str], tuple[str, ...]]:
    path = CONFIG / "web.yml"
    try:
        names = _Web.model_validate(load_yaml(path)).tracking_parameters
    except ValidationError as error:
        raise explain_validation(path, error) from error
    prefixes = tuple(name.removesuffix("*") for name in names if name.endswith("*"))
    return frozenset(names), prefixes


def clean_url(url: str) -> str:
    """The address without fragment and tracking parameters, host in lower case, path percent-encoded.

    Raises:
        ValueError: it cannot be taken apart.
    """
    parts = urlsplit(url.strip())
    scheme = parts.scheme.lower()
    user, at, place = parts.netloc.rpartition("@")
    host, colon, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
    if not colon or port == DEFAULT_PORTS.get(scheme) or not port:
        host, port = (host if colon else place), ""
    netloc = user + at + host.lower() + (f":{port}" if port else "")
    path = quote(parts.path, safe=SAFE_IN_PATH) or "/"
    return urlunsplit((scheme, netloc, path, _clean_query(parts.query), ""))


def _clean_query(query: str) -> str:
    """Left as it stands where nothing is to be taken out: some sites sign the order of their parameters."""
    pairs = parse_qsl(query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if not _is_tracking(name)]
    return quote(query, safe=SAFE_IN_PATH + "?[]") if len(kept) == len(pairs) else urlencode(kept)


def _is_tracking(name: str) -> bool:
    names, prefixes = _tracking()
    return name.lower() in names or name.lower().startswith(prefixes)

"""Names that a hello or a request calls its target by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.adapters.protocols.reached import reached

IP = "203.0.113.9"


def test_hello_and_request_name_their_target() -> None:
    hello = ("tls.client", {"sni": "cloud.example", "ja4": "x"})
    named = ("name.address", {"name": "cloud.example", "ip": IP, "by": "tls"})
    assert reached([hello], IP) == [hello, named]
    assert reached([hello], IP, "quic")[1][1]["by"] == "quic"
    request = ("http.request", {"host": "Cloud.example:8080", "method": "GET", "path": "/"})
    assert reached([request], IP)[1][1] == {"name": "cloud.example", "ip": IP, "by": "http"}


@pytest.mark.parametrize(
    "fields",
    [
        {"host": "192.168.1.20:80"},
        {"host": "[fe80::1]:80"},
        {"host": "fe80::1"},
        {"host": ""},
        {"host": "a" * 254},
        {"host": "<b>.example"},
        {"host": "a b"},
        {"host": "cloud.example", "method": "CONNECT"},
        {"host": "cloud.example", "path": "http://cloud.example/x"},
        {},
    ],
)
def test_addresses_nonsense_and_requests_to_a_proxy_name_nothing(fields: dict[str, str]) -> None:
    facts = [("http.request", fields), ("http.response", {"server": "cloud.example"})]
    assert reached(facts, IP) == facts


@given(st.text(), st.sampled_from(["tls.client", "http.request"]))
def test_any_text_gives_a_name_or_nothing(text: str, kind: str) -> None:
    for _, fields in reached([(kind, {"sni": text, "host": text})], IP)[1:]:
        assert 0 < len(fields["name"]) <= 253
        assert fields["name"].isprintable()

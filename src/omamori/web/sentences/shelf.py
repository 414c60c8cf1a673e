"""What the hub has learned and cannot keep or read, in plain words."""

from __future__ import annotations

SENTENCES = {
    "shelf.damaged": "What was learned ({file}) is damaged. It was set aside, and learning begins anew.",
    "shelf.not-opened": "What was learned ({file}) could not be opened. Please check who may read it and whether there is room.",
    "shelf.not-written": "What was learned could not be kept ({file}). Please check whether there is room. It is tried again.",
    "places.unreadable": "The list of countries cannot be read, so no country is shown.",
}

JA = {
    "shelf.damaged": "覚えたことのファイル{file}がこわれています。別にしまって、覚え直します。",
    "shelf.not-opened": "覚えたことのファイル{file}を開けませんでした。読む許可と、空き場所を確かめてください。",
    "shelf.not-written": "覚えたことを{file}に書けませんでした。空き場所があるか、確かめてください。また試します。",
    "places.unreadable": "国の一覧が読めないので、国の名前を出していません。",
}

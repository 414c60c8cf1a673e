"""Sentences of Web of Things descriptions."""

SENTENCES: dict[str, str] = {
    "wot.too-long": "This description is longer than any real one. Look whether it is the right file.",
    "wot.not-json": "This file cannot be read: it is no JSON. Get it again from the thing or its maker.",
    "wot.no-description": "This file describes no thing. Get the Thing Description from the thing or its maker.",
}

JA: dict[str, str] = {
    "wot.too-long": "この説明ファイルは長すぎます。正しいファイルか確かめてください。",
    "wot.not-json": "このファイルは読めません（JSON ではありません）。機器かメーカーから、もう一度もらってください。",
    "wot.no-description": "このファイルは機器の説明ではありません。機器かメーカーから、Thing Description をもらってください。",
}

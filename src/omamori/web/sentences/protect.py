"""What the pages of protection refuse, in plain words."""

from __future__ import annotations

SENTENCES = {
    "protect.not-a-number": "Please write a number, such as 21.",
    "protect.out-of-range": "That is not possible here. Please choose from {low} to {high} {unit}.",
    "protect.rules-empty": "There is nothing in the box. To have the usual rules again, press the button for it.",
    "protect.rules-not-text": "These rules are not plain text. Nothing was changed.",
    "protect.no-such-play": "This is not being played now. Please begin it in the sample home.",
}

JA = {
    "protect.not-a-number": "21のような数字で書いてください。",
    "protect.out-of-range": "それはできません。{low}から{high}{unit}の間で選んでください。",
    "protect.rules-empty": "何も書かれていません。もとのきまりに戻すときは、そのボタンを押してください。",
    "protect.rules-not-text": "文字として読めないきまりです。何も変わっていません。",
    "protect.no-such-play": "今は行われていません。見本の家で始めてください。",
}

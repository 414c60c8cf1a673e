"""What is new since a moment, in plain words; it is told, not judged."""

from __future__ import annotations

SENTENCES = {
    "news.thing": "A new thing is here. What it seems to be: {kind}.",
    "news.gone": "It has not been heard since {at:time}. Is it switched off, or out of the house?",
    "news.country": "It talked to a country that it never talked to before: {country} ({place}).",
    "news.country-unnamed": "It talked to a country that it never talked to before: {country}.",
    "news.more-countries": "And it talked to {count} more countries for the first time.",
    "news.place": "It talked to a new place outside: {place} ({country}).",
    "news.place-somewhere": "It talked to a new place outside: {place}. In which country is not known.",
    "news.address": "It talked to a new place outside that said no name: {place}.",
    "news.addresses": "It talked to {count} new places outside that said no name.",
    "news.more-places": "And it talked to {count} more new places outside.",
    "news.partner": "It talked to {other} for the first time.",
    "news.more-partners": "And it talked to {count} more things of this home for the first time.",
    "news.service": "It answered in a way that it never answered before ({service}).",
    "news.more-services": "And it answered in {count} more new ways.",
    "news.sends-more": "It sends about {times} times as much outside as before: {mb} MB a day.",
}

JA = {
    "news.thing": "新しい機器がいます。種類の見当: {kind}",
    "news.gone": "{at:time}から声が聞こえません。電源が切れたか、外へ出ましたか。",
    "news.country": "はじめての国と話しました: {country}（{place}）",
    "news.country-unnamed": "はじめての国と話しました: {country}",
    "news.more-countries": "ほかにも、はじめての国 {count} か国と話しました。",
    "news.place": "外の新しい相手と話しました: {place}（{country}）",
    "news.place-somewhere": "外の新しい相手と話しました: {place}。どの国かはわかりません。",
    "news.address": "名前を名乗らない外の新しい相手と話しました: {place}",
    "news.addresses": "名前を名乗らない外の新しい相手、{count} か所と話しました。",
    "news.more-places": "ほかにも、外の新しい相手 {count} か所と話しました。",
    "news.partner": "{other} とはじめて話しました。",
    "news.more-partners": "ほかにも、家の機器 {count} 台とはじめて話しました。",
    "news.service": "これまでにない答え方をしました（{service}）。",
    "news.more-services": "ほかにも、新しい答え方を {count} 通りしました。",
    "news.sends-more": "外へ送る量が、これまでのおよそ {times} 倍です。1日に {mb} MBです。",
}

"""Sentences of guarding: who was cut off or is asked about, links' life, guests; calm and plain."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    # done
    "guard.cut-by-itself": "It was cut off from the other things for now. You can undo this at any time.",
    "guard.only-this-address": "Only the address that it uses now was cut off: others can take its name, but it may be another.",
    "guard.ran-out": "The time is over.",
    "guard.person-cut": "Someone of this home decided to cut it off.",
    "guard.person-declined": "Someone of this home decided that it stays connected.",
    "guard.person-undid": "Someone of this home connected it again.",
    # how sure
    "guard.sure-own-port": "It was surely this one: nothing else is plugged in there.",
    "guard.sure-shared-port": "Several things share this connection; its address says that it was this one.",
    "guard.sure-address-only": "Its address says that it was this one; more cannot be known here.",
    # asked instead
    "guard.asks": "Shall it be cut off from the other things? Until you answer, it may only look, not change anything.",
    "guard.needed-kind": "It is something that people may need ({kind}), so it is not cut off without asking you.",
    "guard.may-be-needed": "It may be something that people need ({kind}), so it is not cut off without asking you.",
    "guard.needed-behind": "Through it, {count} things work that people may need.",
    "guard.way-out": "Everything in this home reaches the Internet through it.",
    "guard.many-depend": "Other things are connected through it, and would be cut off with it.",
    "guard.your-screen": "Someone of this home looks at these pages with it.",
    "guard.may-share-files": "Such a thing may do this when it shares files.",
    "guard.behind-bridge": "It is connected through another thing. Only that one can be cut off.",
    "guard.no-address": "Its own address in the network is not known.",
    "guard.others-behind": "Several things seem to speak through it.",
    "guard.heard-at-two-places": "Its address was heard at two places within an hour: another may have used it.",
    "guard.address-contested": "Another thing uses the same address at this moment.",
    "guard.may-be-faked": "The sender of such messages can be made up, so it may have been another.",
    "guard.many-cut-already": "{count} things were cut off already. So many at once may be a trick.",
    # a person's word that cannot be followed
    "guard.own-machine": "This is Omamori's own machine. It cannot cut itself off.",
    "guard.too-many": "{max} things are cut off or asked about already.",
    "guard.not-asked": "Nothing is being asked about this one.",
    "guard.not-cut": "It is not cut off.",
}

JA: dict[str, str] = {
    "guard.cut-by-itself": "今は、ほかの機器から切り離しました。いつでも元に戻せます。",
    "guard.only-this-address": "今使っているアドレスだけを切り離しました。名前は、ほかの機器でもまねできるからです。",
    "guard.ran-out": "時間が来ました。",
    "guard.person-cut": "家の人が、切り離すと決めました。",
    "guard.person-declined": "家の人が、つないだままにすると決めました。",
    "guard.person-undid": "家の人が、もう一度つなぎました。",
    "guard.sure-own-port": "この機器に間違いありません。その差し込み口には、ほかに何もつながっていません。",
    "guard.sure-shared-port": "いくつかの機器が同じ口につながっています。アドレスからは、この機器です。",
    "guard.sure-address-only": "アドレスからは、この機器です。それ以上のことは、ここからはわかりません。",
    "guard.asks": "ほかの機器から切り離しますか。お返事までは、見ることだけができ、何も変えられません。",
    "guard.needed-kind": "だれかに必要かもしれない機器（{kind}）なので、聞かずに切り離すことはしません。",
    "guard.may-be-needed": "だれかに必要な機器（{kind}）かもしれないので、聞かずに切り離すことはしません。",
    "guard.needed-behind": "必要かもしれない機器が {count} 台、この機器を通して動いています。",
    "guard.way-out": "家じゅうの機器が、これを通ってインターネットにつながっています。",
    "guard.many-depend": "ほかの機器がこれを通してつながっているので、いっしょに切れてしまいます。",
    "guard.your-screen": "家の人が、この機器でこの画面を見ています。",
    "guard.may-share-files": "この種類の機器は、ファイルをやりとりするときにもこうなることがあります。",
    "guard.behind-bridge": "ほかの機器を通してつながっています。切り離せるのは、その機器だけです。",
    "guard.no-address": "ネットワークでのこの機器のアドレスが、わかっていません。",
    "guard.others-behind": "いくつかの機器が、これを通して話しているようです。",
    "guard.heard-at-two-places": "1時間のうちに、同じアドレスが2か所で聞こえました。ほかの機器が使ったのかもしれません。",
    "guard.address-contested": "今、ほかの機器が同じアドレスを使っています。",
    "guard.may-be-faked": "このような通信の送り主は偽れるので、ほかの機器かもしれません。",
    "guard.many-cut-already": "もう {count} 台を切り離しています。一度にこれほど多いのは、だれかの仕掛けかもしれません。",
    "guard.own-machine": "これはOmamori自身の機器です。自分を切り離すことはできません。",
    "guard.too-many": "もう {max} 台を切り離したか、お聞きしています。",
    "guard.not-asked": "この機器について、お聞きしていることはありません。",
    "guard.not-cut": "切り離されていません。",
}

"""Sentences on what a thing is believed to be, and why."""

# How each family of clues spoke, in the reader's words; {said} is the thing's own text.
_HEARD = {
    "asked": "it calls “{said}” on the Internet",
    "coap": "it offers “{said}” to others",
    "dhcp": "it called itself “{said}” when it joined the network",
    "echonet": "it says so in ECHONET Lite, the language of Japanese home appliances",
    "http": "its program calls itself “{said}”",
    "maker": "its maker mostly makes such things",
    "mdns": "it calls out “{said}” on this network",
    "mqtt": "it signs in elsewhere as “{said}”",
    "oui": "its hardware address was given to this maker",
    "role": "it shows other things the way out of this network",
    "sample": "it belongs to the sample home and says so itself",
    "searches": "it looks for “{said}” on this network",
    "talk": "it offers what such things offer ({said})",
    "upnp": "it describes itself as “{said}”",
    "windows-names": "its computer name is “{said}”",
}
_HEARD_JA = {
    "asked": "インターネットの「{said}」と通信している",
    "coap": "ほかの機器に「{said}」を提供している",
    "dhcp": "ネットワークに入るときに「{said}」と名のった",
    "echonet": "家電の共通のことば（ECHONET Lite）でそう答えた",
    "http": "機器の中のプログラムが「{said}」と名のった",
    "maker": "このメーカーの製品は、たいていこの種類",
    "mdns": "ネットワークに「{said}」と知らせている",
    "mqtt": "ほかのサーバーに「{said}」と名のっている",
    "oui": "機器の番号が、このメーカーに割り当てられたもの",
    "role": "ほかの機器に、外への通り道を教えている",
    "sample": "見本の家の機器で、自分でそう言っている",
    "searches": "ネットワークで「{said}」を探している",
    "talk": "この種類の機器がよく使う窓口（{said}）を開いている",
    "upnp": "自分のことを「{said}」と説明している",
    "windows-names": "パソコンの名前が「{said}」",
}
_BELIEF = {
    "kind": "Taken for: {{kind}}, because {heard}.",
    "maker": "Maker: {{maker}}, because {heard}.",
    "model": "Model: {{model}}, because {heard}.",
}
_BELIEF_JA = {
    "kind": "「{{kind}}」だと考えます。理由：{heard}ため。",
    "maker": "メーカーは{{maker}}だと考えます。理由：{heard}ため。",
    "model": "型番は{{model}}だと考えます。理由：{heard}ため。",
}


def _beliefs(beliefs: dict[str, str], heard: dict[str, str]) -> dict[str, str]:
    return {
        f"identify.{belief}-by-{family}": sentence.format(heard=clue)
        for belief, sentence in beliefs.items()
        for family, clue in heard.items()
    }


SENTENCES: dict[str, str] = {
    **_beliefs(_BELIEF, _HEARD),
    "identify.kind-disputed": "Something else it says speaks for: {kind}. Please look at the thing and tell us.",
    "identify.maker-disputed": "Something else it says speaks for the maker {maker}.",
    "identify.model-disputed": "Something else it says speaks for the model {model}.",
    "identify.unknown-nothing-said": "Unknown, because it has not said anything about itself yet. "
    "If you know it, please give it a name.",
    "identify.unknown-only-address": "Unknown, because only its hardware address was heard. "
    "If you know it, please give it a name.",
    "identify.unknown-no-rule": "Unknown, because what it says ({clues} clues) does not tell what it is. "
    "If you know it, please give it a name.",
    "identify.unknown-only-radio-maker": "Its maker is unknown: {maker} made only a part inside it.",
    "identify.asks-many-makers": "It calls the services of {count} makers, as phones and computers do; "
    "so these calls do not count.",
    "identify.bridge-hides-others": "Things behind it share its address and cannot be told apart from here.",
    "identify.many-in-one": "It is {count} kinds of appliance in one.",
    "identify.private-address": "It makes its hardware address up, as phones do, and may come back as another.",
    "identify.person-said-kind": "You said what it is: {kind}.",
    "identify.no-such-thing": "This thing is no longer known. Please open the list again.",
    "identify.no-such-kind": "There is no such kind of thing. Please choose one from the list.",
    "identify.too-many-corrections": "{max} things have been named already. Please remove one first.",
    "identify.state-shape": "The saved names could not be read. Please restore them from a copy.",
    "rules.toml": "The rule file {file} cannot be read: {why}. Please mend that line.",
    "rules.shape": "The rule file {file} has a mistake: {why}. Please mend it.",
    "rules.rule": "Rule {rule} in {file} cannot be used: {why}. Please mend it.",
    "rules.kind": "The rule file {file} names a kind that does not exist: {kind}. Please choose another.",
    "rules.family": "The rule file {file} names a family of clues that does not exist: {family}.",
    "rules.place": "A rule speaks of a place that does not exist: {place}. Please mend it.",
    "rules.too-big": "The rule file {file} is too big. Please split it.",
    "rules.unreadable": "The rule file {file} cannot be read. Please check it.",
    "discovery.no-network": "Looking for things by {asker} is not possible now. It is tried again by itself.",
    "discovery.broke": "Looking for things by {asker} stopped by mistake. It is tried again by itself.",
    "echonet.length": "An appliance's message had an impossible length and was left out.",
    "echonet.header": "A message was not in the language of appliances and was left out.",
    "echonet.service": "An appliance's message asked for something unknown and was left out.",
    "echonet.truncated": "An appliance's message was cut off and was left out.",
    "echonet.trailing": "An appliance's message had something behind its end and was left out.",
    "echonet.field": "A message for an appliance could not be written.",
    "upnp.too-long": "A thing's description of itself was too long and was left out.",
    "upnp.not-xml": "A thing's description of itself could not be read and was left out.",
    "upnp.no-device": "A thing's description of itself named no thing and was left out.",
    "upnp.location": "A thing pointed to a description elsewhere ({location}); it was not fetched.",
    "upnp.status": "A thing did not give its description (answer {status}).",
    "upnp.no-answer": "A thing did not give its description.",
}

JA: dict[str, str] = {
    **_beliefs(_BELIEF_JA, _HEARD_JA),
    "identify.kind-disputed": "ただし、別の手がかりは「{kind}」を示しています。実物を見て、教えてください。",
    "identify.maker-disputed": "ただし、別の手がかりはメーカー「{maker}」を示しています。",
    "identify.model-disputed": "ただし、別の手がかりは型番「{model}」を示しています。",
    "identify.unknown-nothing-said": "何の機器か分かりません。まだ自分のことを何も知らせていないためです。ご存じでしたら、名前をつけてください。",
    "identify.unknown-only-address": "何の機器か分かりません。機器の番号しか聞こえていないためです。ご存じでしたら、名前をつけてください。",
    "identify.unknown-no-rule": "何の機器か分かりません。手がかりは{clues}件ありますが、種類までは分からないためです。ご存じでしたら、名前をつけてください。",
    "identify.unknown-only-radio-maker": "メーカーは分かりません。{maker}は、中の部品を作った会社です。",
    "identify.asks-many-makers": "{count}社のサービスと通信しています。スマートフォンやパソコンに多いため、この手がかりは数えません。",
    "identify.bridge-hides-others": "この先につながる機器は、同じ番号に見えるため、ここからは見分けられません。",
    "identify.many-in-one": "{count}種類の家電の働きを、1台で持っています。",
    "identify.private-address": "スマートフォンなどと同じく、機器の番号を自分で作っています。次は別の機器に見えるかもしれません。",
    "identify.person-said-kind": "あなたが「{kind}」と教えてくれました。",
    "identify.no-such-thing": "この機器はもう一覧にありません。一覧を開きなおしてください。",
    "identify.no-such-kind": "その種類はありません。一覧から選んでください。",
    "identify.too-many-corrections": "名前をつけた機器が{max}台になりました。先に1台消してください。",
    "identify.state-shape": "保存した名前を読めませんでした。控えから戻してください。",
    "rules.toml": "ルールのファイル {file} を読めません（{why}）。その行を直してください。",
    "rules.shape": "ルールのファイル {file} に間違いがあります（{why}）。直してください。",
    "rules.rule": "{file} の{rule}番目のルールを使えません（{why}）。直してください。",
    "rules.kind": "ルールのファイル {file} に、ない種類「{kind}」があります。別の種類にしてください。",
    "rules.family": "ルールのファイル {file} に、ない手がかりの種類「{family}」があります。直してください。",
    "rules.place": "ルールの中の「{place}」という場所はありません。直してください。",
    "rules.too-big": "ルールのファイル {file} が大きすぎます。分けてください。",
    "rules.unreadable": "ルールのファイル {file} を読めません。確かめてください。",
    "discovery.no-network": "今は「{asker}」で機器を探せません。自動でもう一度試します。",
    "discovery.broke": "「{asker}」で機器を探す動きが止まりました。自動でもう一度試します。",
    "echonet.length": "家電からの知らせの長さがおかしいため、使いませんでした。",
    "echonet.header": "家電のことばではない知らせのため、使いませんでした。",
    "echonet.service": "家電からの知らせの内容が分からないため、使いませんでした。",
    "echonet.truncated": "家電からの知らせが途中で切れていたため、使いませんでした。",
    "echonet.trailing": "家電からの知らせに余分なものがあったため、使いませんでした。",
    "echonet.field": "家電への知らせを作れませんでした。",
    "upnp.too-long": "機器の自己紹介が長すぎるため、使いませんでした。",
    "upnp.not-xml": "機器の自己紹介を読めないため、使いませんでした。",
    "upnp.no-device": "機器の自己紹介に機器の名前がないため、使いませんでした。",
    "upnp.location": "機器が、よその場所（{location}）を自己紹介として示したため、読みに行きませんでした。",
    "upnp.status": "機器が自己紹介を渡しませんでした（答え：{status}）。",
    "upnp.no-answer": "機器が自己紹介を渡しませんでした。",
}

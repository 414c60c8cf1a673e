"""Sentences of the way through a message broker: Home Assistant and others like it."""

SENTENCES: dict[str, str] = {
    "broker.not-reached": "The message broker cannot be reached. See whether it is switched on; Omamori tries again by itself.",
    "broker.not-let-in": "The message broker does not let Omamori in. Check the user and the password in its settings.",
    "broker.flooding": "The message broker said far too much at once, so Omamori hung up. Look whether the broker is all right; Omamori tries again by itself.",
    "broker.bad-name": "This hub's name for the broker has signs that a broker does not take. Use small letters and figures.",
    "broker.not-understood": "Nobody could say what this wish means, so nothing was done. Ask again with a value that the thing has.",
    "broker.too-long": "This wish was longer than any real one, so nothing was done. Look at what sent it.",
    "broker.cut-elsewhere": "This cannot be cut off by way of a broker. Open Omamori's own pages to decide that.",
    "broker.undo-elsewhere": "Omamori or your family cut this off. Whether it may talk again is decided on Omamori's own pages.",
    "broker.nobody-named": "A broker where nobody needs a name lets anybody ask. Give Omamori a user and a password there first.",
    "broker.entity-level": "Trust level",
    "broker.entity-state": "State",
    "broker.entity-alert": "Alert",
    "broker.entity-cut": "Cut off",
    "broker.entity-happened": "Happened",
    "broker.entity-said": "Last word",
    "command.who.broker": "a program at your message broker",
}

JA: dict[str, str] = {
    "broker.not-reached": "メッセージの中継役（ブローカー）に届きません。電源を確かめてください。おまもりは自動でやり直します。",
    "broker.not-let-in": "メッセージの中継役（ブローカー）が、おまもりを入れてくれません。設定のユーザー名とパスワードを確かめてください。",
    "broker.flooding": "中継役（ブローカー）が一度に話しすぎたので、切りました。ブローカーのようすを見てください。おまもりは自動でやり直します。",
    "broker.bad-name": "中継役（ブローカー）で使う名前に、使えない文字があります。小文字の英字と数字にしてください。",
    "broker.not-understood": "何の頼みかわからなかったので、何もしませんでした。機器にある値で、もう一度頼んでください。",
    "broker.too-long": "頼みが長すぎたので、何もしませんでした。送ったものを確かめてください。",
    "broker.cut-elsewhere": "これは、中継役（ブローカー）からは切り離せません。おまもりのページで決めてください。",
    "broker.undo-elsewhere": "おまもりかご家族が切り離しました。もとに戻すかどうかは、おまもりのページで決めてください。",
    "broker.nobody-named": "名前のいらない中継役（ブローカー）では、だれでも頼めてしまいます。まず、おまもり用のユーザー名とパスワードを作ってください。",
    "broker.entity-level": "信頼レベル",
    "broker.entity-state": "ようす",
    "broker.entity-alert": "知らせ",
    "broker.entity-cut": "切り離し",
    "broker.entity-happened": "できごと",
    "broker.entity-said": "さいごの言葉",
    "command.who.broker": "中継役（ブローカー）につながったプログラム",
}

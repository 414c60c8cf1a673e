"""Sentences of a home's protection as a whole: what could not be kept, and who lost what."""

SENTENCES = {
    "command.not-kept": "This hub cannot write to its disk now, so nobody from elsewhere moves anything. Make room on the disk.",
    "command.level-fell": "Its trust level fell to Lv.{rung}.",
    "command.behaviour-departs": "It does what it never did before.",
    "protection.not-kept": "What was done last could not be written to the disk. Make room on the disk; what is cut off stays cut off.",
    "door.no-secret": "The file {file} with the charger's password cannot be read, so no charger is let in. Write the password into it, readable only by you.",
    "door.port-taken": "Port {port} is used by another program, so certified services cannot meet this hub. Choose another port in omamori.toml.",
    "firewall.switched-off": "Somebody switched the protection of the network off in omamori.toml.",
    "firewall.not-listening": "This hub was started without listening on a network, so it can stop nothing.",
    "protection.left-out": "{count} pairs of things are not held: there are too many for this machine.",
    "ruling.changed": "The rules of this home were changed; {count} are in force.",
}

JA = {
    "command.not-kept": "いまハブのディスクに書けないので、外からの操作は何も行いません。ディスクの空きを増やしてください。",
    "command.level-fell": "信頼レベルが Lv.{rung} に下がりました。",
    "command.behaviour-departs": "これまでにないことをしています。",
    "protection.not-kept": "最後に行ったことをディスクに書けませんでした。ディスクの空きを増やしてください。切り離しは続いています。",
    "door.no-secret": "充電器のパスワードのファイル {file} を読めないので、充電器はつながりません。あなただけが読めるようにして、パスワードを書いてください。",
    "door.port-taken": "ポート {port} をほかのプログラムが使っているので、証明書をもつサービスはこのハブに会えません。omamori.toml で別のポートを選んでください。",
    "firewall.switched-off": "omamori.toml で、ネットワークを守る働きが切られています。",
    "firewall.not-listening": "ネットワークを聞かずに起動したので、何も止められません。",
    "protection.left-out": "機器の組み合わせのうち {count} 組は、多すぎるため守れていません。",
    "ruling.changed": "家のきまりが変わりました。いま {count} 個のきまりが働いています。",
}

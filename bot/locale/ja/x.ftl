# X（Twitter）での返信。280 文字（日本語は 140 文字）に収めるため、短く。

x-known = { $name }（{ $percent }、{ $sure }）
x-known-cosplay = { $name }のコスプレ（{ $percent }、{ $sure }）
x-maybe = { $name }？（絵でしか知りません）
x-unknown = わかりません
x-others = ちがうなら { $names }
x-and = 、
x-score = { $head } { $value }（{ $low }〜{ $high }、{ $likes }）
x-confirm = 写っているのが本人か同意した人で、成人なら 🙋 と返信してください。次から採点します
x-hint-one = まちがいは返信で教えてください：「（名前）です」「ちがう」
x-hint-others = まちがいは返信で教えてください：「2」「（名前）です」「ちがう」
x-hint-unknown = 「（名前）です」と返信してもらえれば覚えます
x-hint-many = まちがいは返信で教えてください：「B2」「B （名前）です」「B ちがう」
x-sensitive = 「センシティブな内容」の印がある投稿は判定しません。
x-number = No.{ $number }

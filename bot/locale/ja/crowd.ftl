# だれが何を教えたか、モデレーター待ちの票。キーは en/crowd.ftl と同じであること。

discord-stats-description = だれが何を教えたか、どれくらい当たっていたかを見る
discord-review-description = 保留中の票と、意見が分かれている顔を見る（モデレーター用）

stats = みんなが教えたこと
stats-nothing = ここではまだ、だれからも教わっていません。
stats-total = これまでの票は { $votes } 件、そこから決まった顔は { $labels } 件です。
stats-you = あなた
stats-teacher = 先生 { $number }
stats-row = { $who }: { $votes } 票、決まった顔 { $labels } 件、{ $right }
stats-right = 正解 { $percent } %（{ $counted } 件中）
stats-moderator = モデレーター
stats-moderates = モデレーターとして決定
stats-unmeasured = 正解率はまだ不明
stats-measured-explained = 正解率は、ほかの人（モデレーター、または複数の人）が決めた顔だけで測ります。自分の票で自分が正しいことにはなりません。
stats-own-only = ほかの人の成績は、モデレーターだけが見られます。

stats-teachers = 教えた人
stats-column-who = 名前
stats-column-votes = 票
stats-column-labels = 決まった顔
stats-column-right = 正解
stats-column-week = 週
stats-column-faces = 顔
stats-column-share = 割合

stats-weeks = どれくらい当たっていたか
stats-weeks-explained = あとからみんなの意見がまとまった顔について、そのとき私がどう答えていたかを週ごとに数えました。
stats-weeks-none = まだ、意見のまとまった顔がありません。
stats-share-right = 正解
stats-share-wrong = 名前ちがい
stats-share-unknown = 「わかりません」
stats-share = 正解 { $right } %、名前ちがい { $wrong } %、「わかりません」{ $unknown } %

stats-needy = 写真が足りない人
stats-needy-none = まだだれも覚えていません。
stats-needy-examples = 写真 { $examples } 枚
stats-needy-disputed = 意見が分かれている顔 { $disputed } 件

review-nothing = 保留中の票も、意見の分かれている顔もありません。
review-held = 保留中の票（新しい人の票が、短い時間に一つの名前へ集まりました）
review-held-for = 新しい { $voters } 人が、{ $faces } 件の顔を「{ $name }」だと言っています。
review-held-against = 新しい { $voters } 人が、{ $faces } 件の顔を「{ $name }」ではないと言っています。
review-release = { $number } 番を有効にする
review-reject = { $number } 番を却下
review-released = 票を有効にしました。
review-rejected = 票を却下しました。今後も数えません。
review-gone = すでに決まったか、票がなくなりました。
review-disputed = 意見が分かれている顔（答えの下でモデレーターが ✅・❌・名前のどれかを付けると決まります）
review-disputed-face = { $name }？ { $link }
review-disputed-nobody = だれ？ { $link }
review-more = ほか { $more } 件は Web ページにあります。
review-page = Web ページの「確認」では、顔も見られます。

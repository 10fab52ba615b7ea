# 返信のことば。キーは en.ftl と同じであること（テストで確認）。

no-face = 顔が見つかりませんでした。
no-face-photo = だれか写っているようですが、顔が見つかりませんでした。顔がもっと大きくはっきり写った写真なら、見つけられるかもしれません。
no-face-illustration = イラストのようですが、顔が見つかりませんでした。顔がもっと大きくはっきり描かれた画像なら、見つけられるかもしれません。
nobody-there = すてきな画像ですね。でも、人やキャラクターの顔はないようなので、判定はお休みします。
nobody-known = { $faces } 人の顔を見つけましたが、だれかはわかりません。
names-known = { $faces ->
    [1] 顔を見つけました。だれかわかりました。
   *[other] { $faces } 人の顔を見つけ、{ $known } 人はだれかわかりました。
}
and-more = ほか { $more } 人の顔は省略しました。

part-known = { $name }だと思います（{ $percent }、{ $sure }）
part-learned = { $name }です（教わりました）
part-not-a-face = 顔ではありません。
part-unknown = だれかわかりません。名前を教えてもらえれば覚えます。
part-known-cosplay = コスプレ: { $name }だと思います（{ $percent }、{ $sure }）
part-maybe = もしかして{ $name }？ 絵でしか知らないので、自信はありません。
part-learned-cosplay = { $name }のコスプレです（教わりました）
part-unknown-character = どのキャラクターかわかりません。名前を教えてもらえれば覚えます。
caption-maybe = { $name }？
others = ちがうなら: { $names }
nearest = 近い順: { $names }
nearest-nobody = まだだれも登録されていません。
caption-unknown = わかりません
sure-very = ほぼ確実
sure-fairly = たぶん
sure-hardly = 自信なし
image-description = 判定した顔。{ $words }

faces-not-judged = 顔はありますが、ここで判定する種類の顔ではありません。
faces-judged = { $faces ->
    [one] この顔について判定しました。
   *[other] { $faces } 人の顔について判定しました。
}
pictures-judged = { $pictures ->
    [one] この写真・絵について判定しました。
   *[other] { $pictures } 枚について判定しました。
}
score-beauty = 顔の評価：5 点満点で { $value } 点（90 % の確率で { $low }〜{ $high }）― { $likes }
score-taste = あなたの好み：5 点満点で { $value } 点（90 % の確率で { $low }〜{ $high }）― { $likes }
score-photogenic = 写真映え：5 点満点で { $value } 点（90 % の確率で { $low }〜{ $high }）― { $likes }
like = いいね
nope = うーん
like-undecided = どちらとも言えません
no-score = { $head }：採点していません。{ $why }
no-score-not-yours = 採点するのは、頼んだ本人が投稿した写真だけです。
no-score-unconfirmed = 写っているのがあなた自身か、同意した人で、成人であれば { $mark } を押してください。採点します。お聞きするのは今回だけです。
no-score-too-few-ratings = あなたの好みがまだわかりません。1️⃣〜5️⃣ で何枚か評価してください。
no-score-not-learned = ここの人たちの好みは、測れるほどにはまだ学べていません。
no-score-too-small = 顔が小さすぎます。もっと大きい写真か、近くで撮った写真を送ってください。
no-score-too-blurred = 顔がぼやけすぎています。もっとはっきりした写真を送ってください。
no-score-turned-away = 顔が横を向きすぎています。こちらを向いた写真を送ってください。
no-score-unrecognisable = 顔がよく見えません。隠れているか、暗いか、切れているようです。
head-beauty = 顔の評価
head-taste = あなたの好み
head-photogenic = 写真映え
head-plural-beauty = 顔の評価（自分の写真だけ）
head-plural-taste = 頼んだ人の好み
head-plural-photogenic = 写真映え
image-description-whole = 判定した写真・絵です。{ $words }

why-told = { $name }です。そう教わりました。
why-not-a-face = 顔ではないと教わりました。
why-copied = { $name }です。同じ写真か、ほとんど同じ写真について、そう教わったからです。
why-known = { $name }と答えたのは、知らない人の顔とくらべて、覚えている写真によく似ているからです。自信は「{ $sure }」。こういう答えは 100 回のうち { $right } 回ほど当たるはずです。
why-changed = そのときの答えは{ $then }でした。いまなら{ $now }と答えます。
why-nobody-enrolled = ここではまだだれも知りません。名前を教えてもらえれば、次からくらべられます。
why-not-alike = いちばん近いのは{ $name }ですが、知らない人でもこのくらい似ることがあるので、名前は言いません。もし合っていたら教えてください。写真が増えるほど、はっきりわかります。
why-rejected = 知っている人に似ていますが、この写真か、この顔について「ちがう」と教わりました。まちがいなら、取り消すか、名前を教えてください。
why-uncalibrated = 登録された人が少なく、どのくらい似ていれば同じ人といえるのか、まだわかりません。{ $people } 人以上になるとわかります。
why-too-small = 顔が小さすぎて、ほかの人と区別できません。もっと大きな写真か、近くから撮った写真を送ってください。
why-too-blurred = 顔がぼやけていて、ほかの人と区別できません。もっとはっきりした写真を送ってください。
why-turned-away = 顔が横を向きすぎています。正面に近い写真を送ってください。
why-unrecognisable = 顔がよく見えません（隠れている、暗い、切れているなど）。もっとよく見える写真を送ってください。
why-measured-unknowns = どのくらい似ていれば同じ人といえるかは、ここに投稿された、まだ名前のない人の顔で測りました。
why-measured-synthetic = どのくらい似ていれば同じ人といえるかは、作り物の他人の顔で測りました。
why-measured-gallery = どのくらい似ていれば同じ人といえるかは、ここに登録された人どうしをくらべて測りました。
why-nearest = 知っている顔を、近い順に並べています。100% なら同じ写真です。
why-expired = この判定の写真は保存期間が過ぎたため、もうくらべられません。
why-face = この顔
why-alike = 似ている度 { $alike }%
why-description = この顔と、知っている中で近い順: { $names }

status-learned = 覚えました: { $name }
status-waiting = あと { $missing } 人、または投稿者かモデレーターの確認を待っています。
status-disputed = 意見が分かれています。モデレーターか、ほかの人の票で決まります。
status-held = 新しい票が一度に集まったため、先にモデレーターが確認します。
status-consent = { $name }: 投稿者の同意が必要です。投稿者が ✅ か名前で答えると覚えます。
status-rejected = ちがう、と覚えました。この写真をその名前では呼びません。
status-not_a_face = 顔ではない、と覚えました。
status-undone = 取り消しました。
status-expired = この判定の写真は保存期間が過ぎたため、もう覚えられません。

refused-empty = 空のファイルです。写真を送り直してください。
refused-not-a-picture = 画像ではないようです。JPEG・PNG・WebP・GIF・AVIF・HEIC を送ってください。
refused-format = この形式（{ $detail }）には対応していません。JPEG・PNG・WebP・GIF・AVIF・HEIC を送ってください。
refused-truncated = 画像が壊れています。もう一度書き出して送ってください。
refused-too-many-bytes = ファイルが大きすぎます。小さくして送ってください。
refused-too-many-pixels = 画像が大きすぎます（{ $detail } メガピクセル）。縮小して送ってください。
refused-too-small = 画像が小さすぎます（{ $detail } ピクセル）。
refused-too-narrow = 画像が細長すぎます（{ $detail } ピクセル）。顔のあたりを切り出してください。
refused-too-much-memory = この画像は開くのにメモリを使いすぎます。縮小して送ってください。
refused-took-too-long = 時間内に判定できませんでした。小さい画像でもう一度試してください。
refused-decoder-crashed = この画像は開けませんでした。別の形式で送ってください。
refused-host = この場所の画像は読みません。画像を直接投稿してください。
refused-download = 画像を取得できませんでした。もう一度投稿してください。
refused-explicit = この画像は判定しません（成人向けと判断しました）。

busy = いま混み合っています。順番が来たら判定します。
cooldown = 少し休憩です。{ $seconds } 秒後にもう一度どうぞ。
no-picture = 写真を付けて話しかけてください。人の写真に返信して呼んでも判定します。
several-faces = { $faces } 人写っています。1 人だけの写真を送ってください。

which-explained = 同じ名前の人とキャラクターがいることもあるので、別々に覚えます。
which = { $name }はどちらですか？
head-idol = 実在の人
head-character = キャラクター
not-a-photograph = これはイラストです。実在の人は写真からしか覚えられません。

# web page
web-title = Hantei
web-tagline = これはだれの顔？ 判定して答えます。わからないときは、わからないと言います。
web-post = 写真を送る
web-drop = ここに写真をドロップ（Ctrl+V で貼り付けも）
web-limits = 一度に { $most } 枚まで、1 枚 { $megabytes } MB まで。
web-choose = 写真を選ぶ
web-photograph = 撮影する
web-paste = 貼り付け
web-nothing-to-paste = クリップボードに写真がないか、ブラウザが読み取りを許可していません。
web-spoiler = ネタバレ: タップするまで顔をぼかす
web-kept = 自分が送った写真の顔に名前を付けると、その顔を保存して覚えます。ほかの顔は { $days } 日で消えます。下で許可した場合は残ります。
web-answers = 判定
web-no-answers = まだ判定はありません。最初の判定がここに表示されます。
web-loading = 最近の判定を読み込んでいます…
web-sending = 送信中…
web-judging = 判定中…
web-unreachable = いま Hantei につながりません。写真はこの画面に残っていて、つながりしだい自動で送り直します。
web-not-saved = いま Hantei につながりません。もう一度押してください。
web-cancel = やめる
web-try-again = もう一度試す
web-picture = 送った写真
web-correct = 訂正する
web-marks = 合っていますか？
web-name = この人の名前
web-teach = 教える
web-undo = 取り消す
web-spoiler-shown = 顔を表示（ネタバレ）
web-judged = ここで判定するもの
web-judged-explained = このページの全員に、次の写真から使われます。何も選ばないと、写真なら人を、イラストならキャラクターを判定します。
web-judged-like = 「いいね」になる点数（1〜5）
web-judged-saved = 保存しました。
web-picture-expired = 写真の保存期間が過ぎました。
web-why = なぜ？
web-mark-right = 正解
web-mark-wrong = ちがう
web-mark-none_of_these = どれもちがう
web-mark-not_a_face = 顔ではない
web-mark-who = 近いのはだれ？
web-mark-delete = 削除
web-mark-mine = 写っているのは自分か同意した人で、成人です。採点する
web-mine-below = 下のボタン
web-mine-unsaid = だれの顔なのか、投稿した人の確認を待っています。
web-role = このページでのあなたの役割ではできません。モデレーターに相談してください。
web-not-yours = だれの顔なのかを答えられるのは、投稿した人だけです。
web-rating = 評価
quoted = 「{ $words }」
web-allow = ここに送る写真すべてから覚え、顔を残して、だれなのかをここの人に聞くことを許可する（いつでも取り消せます）
web-boxes = 顔の枠
web-boxes-link = 顔の枠（{ $pictures }）
web-boxes-explained = 運営者が用意した画像に、検出した顔の枠を付けてあります。直すと、顔を見つける力が上がります。
web-boxes-none = まだ画像がありません。Hantei を動かしている人が、次のコマンドで用意します。
web-boxes-counts = 残り { $waiting } 枚、確認済み { $confirmed } 枚
web-boxes-left = 残り
web-boxes-confirmed = 確認済み
web-boxes-stage = 顔に枠を付けた画像
web-boxes-face = 顔
web-boxes-hint = 枠や角をドラッグして直します。枠のないところをドラッグすると、新しい枠になります。
web-boxes-tools = 操作
web-boxes-remove = 削除
web-boxes-add = 追加
web-boxes-skip = あとで
web-boxes-done = これで OK
web-boxes-keys = Tab: 次の枠。矢印で動かし、Shift+矢印で大きさを変えます。Delete: 削除。Enter: これで OK。Backspace か Ctrl+Z: 取り消す。
web-boxes-finished = すべて確認しました。
web-boxes-train = 次のコマンドで学習します。使うのは、確認した画像だけです。
web-boxes-copy = コピー
web-boxes-copied = コピーしました。
web-boxes-too-many = 枠は 1 枚に { $most } 個までです。
web-boxes-gone = その画像は、もうありません。
web-boxes-unusable = 枠を使えません（{ $why }）
web-rate = 写真・絵を評価する
web-rate-link = { $pictures ->
    [0] 評価する
   *[other] 評価する（{ $pictures }）
}
web-rate-explained = どのくらい好きですか？ 1 は好みでない、5 は大好きです。{ $least } 枚から、あなたの好みがわかるようになります。
web-rate-progress = { $all } 枚中 { $rated } 枚を評価しました。
web-rate-known-from = { $least } 枚から好みがわかります。
web-rate-known = 好みがわかるようになりました。
web-rate-picture = 評価する写真・絵
web-rate-uncover = 画像を表示（ネタバレ）
web-rate-lowest = 好みでない
web-rate-highest = 大好き
web-rate-skip = あとで
web-rate-keys = キー: 1〜5 で評価、U か Backspace で取り消し、S か → であとで。
web-rate-finished = 評価するものは、もうありません。
web-rate-more = ページで写真や絵を送るか、ほかの人が送るのを待ってください。「あとで」にしたものは残っています。
web-rate-again = もう一度見る
web-rate-unsent = いま Hantei につながりません。評価はこの画面に残っていて、つながりしだい自動で送り直します。
web-rate-mine = あなたの評価
web-rate-counted = 好みの学習に使うもの
web-rate-unagreed = 投稿した人の許可を待っているもの
web-rate-expired = 写真の保存期間が過ぎたもの
web-rate-export = CSV で保存
web-rate-reset = 評価を忘れる
web-rate-reset-question = 評価をすべて忘れますか？
web-rate-reset-explained = 好みについて覚えたことも消えます。元に戻せません。
web-rate-reset-done = 評価を忘れました。
web-enhance = もっとよくする
web-enhance-explained = だれかの好みに向けて、写真や絵の色を少しずつ変えます。顔はそのままです。画像は保存せず、できたファイルには加工したものと記録します。
web-enhance-picture = 写真・絵
web-enhance-working = 加工中
web-enhance-beside = 加工の前と後
web-enhance-download = 結果を保存
web-delete-question = この判定を削除しますか？
web-delete-explained = 顔の画像と投票を削除し、そこから覚えたことも忘れます。
web-keep = 残す
web-deleted = 判定を削除しました。
web-language = 言語
web-password = パスワード
web-password-needed = パスワードを知っている人だけのページです。
web-sign-in = ログイン
web-sign-out = ログアウト
web-wrong-password = パスワードがちがいます。
web-too-many-tries = パスワードのまちがいが多すぎます。{ $seconds } 秒後にもう一度どうぞ。
web-sign-in-first = ページを再読み込みして、ログインしてください。
web-reload = ページを開いてから時間がたちすぎました。再読み込みしてください。
web-foreign = ほかのページから送られたため、受け付けませんでした。
web-unknown-host = { $host } という名前では応答しません。使うには config.toml の web.public_hosts に加えてください。
web-not-found = ここには何もありません。
web-answer-gone = この判定は削除されました。
web-bad-request = 内容を読み取れませんでした。ページを再読み込みして、もう一度試してください。
web-bad-name = 名前は 1 ～ { $longest } 文字です。
web-too-large = ファイルが大きすぎます。{ $megabytes } MB までです。
web-too-many = 写真は一度に { $most } 枚までです。
web-stalled = 送信が途中で止まりました。もう一度試してください。
web-failed = こちらで問題が起きました。記録したので、もう一度試してください。
web-no-script = このページには JavaScript が必要です。
web-continue = 続ける
web-home = ページへ戻る

# Discord
discord-judge-menu = この写真を判定
discord-judge-description = 写真の顔がだれかを判定します
discord-picture-option = 写真
discord-help-description = できることと使い方
discord-people-description = ここで知っている人（モデレーター用）
discord-enroll-description = 1 人だけ写った写真で人を登録します
discord-list-description = 登録されている人
discord-rename-description = 名前を変えます。前の名前も使えます
discord-merge-description = 2 人を 1 人にまとめます
discord-remove-description = 人を、覚えたことごと忘れます
discord-name-option = 名前
discord-new-name-option = 新しい名前
discord-into-option = 残す名前
discord-face-option = その人の顔だけが写った写真
discord-right-option = この写真をこのために使う権利があります
discord-privacy-description = あなたについて保存しているもの
discord-privacy-show-description = あなたについてここに保存しているものを表示します
discord-privacy-allow-description = ここに投稿する写真から覚えることを許可、または許可を取り消します
discord-privacy-forget-description = ここでの投稿と投票をすべて忘れます
discord-agree-option = はい: 投稿した写真から覚えてよい。いいえ: 自分で確認した写真だけ。

discord-cannot-send = { $channel } に書き込む権限がありません。モデレーターが「メッセージを送信」を許可すると使えます。
discord-no-files = （ここでは画像を添付できないため、文字だけで答えます。）
discord-left-out = 一度に判定するのは { $most } 枚までです。残りは見ていません。
discord-no-picture-there = そのメッセージに写真が見つかりません。写真がある場合は、メッセージのメニューの「アプリ → この写真を判定」を使ってください。
discord-name-length = 名前は 1 ～ { $longest } 文字です。
discord-not-a-name = 会話と判断し、何も覚えませんでした。だれかを教えるときは、判定への返信に名前だけを書いてください。
discord-why-menu = なぜこの答え？
discord-why-description = なぜそう答えたか（だれに似ているか、なぜ名前を言わなかったか）
discord-why-button = なぜ？
discord-why-none = ここではまだ、顔についてだれにも答えていません。
discord-why-no-answer = そのメッセージに判定した顔はありません。判定への返信のメニューで「アプリ → なぜこの答え？」を使ってください。
discord-yes = はい
discord-no = いいえ
discord-nothing-done = 何も変えませんでした。

discord-moderators-only = メッセージかサーバーの管理権限がある人だけが使えます。
discord-not-allowed = 投稿者かモデレーターだけができます。
discord-name-taken = その名前の人はほかにいます。1 人にまとめるには /people merge を使ってください。
discord-not-found = 見つかりません。削除されたか、名前がちがいます。
discord-forbidden = ここでは Discord に許可されていません。モデレーターに権限を確認してもらってください。
discord-too-large = 返信が大きすぎて Discord に送れません。
discord-failed = こちらで問題が起きました。記録したので、もう一度試してください。

discord-right-needed = 使う権利がある写真だけを登録できます。権利がある場合は True を選んでください。
discord-person-idol = { $name }: { $examples }
discord-person-character = { $name }（キャラクター）: { $examples }
discord-more-people = … ほか { $more } 人
discord-renamed = 名前を { $name } にしました。
discord-merged = 1 人にまとめました: { $name }
discord-remove-sure = { $name } を、写真・投票・覚えたことすべてとともに忘れますか？ 元に戻せません。
discord-removed = { $name } を忘れました。

discord-privacy-report =
    あなたについてここに保存しているもの: 投稿 { $posts } 件（顔 { $crops } 枚、うち覚えたもの { $enrolled } 枚）、投票 { $votes } 件。
    { $allowed ->
        [yes] ここに投稿した写真すべてから覚えることが許可されています。
       *[no] あなたが ✅・文字・名前で確認した写真からだけ覚えます。
    }
discord-privacy-allowed = ありがとうございます。ここに投稿する写真から覚えます。顔を残しておき、だれなのかを、モデレーターやチャンネルを読める人に聞くことがあります。「ちがう」と教わった顔も覚えておきます。
discord-privacy-disallowed = わかりました。あなたが自分で確認した写真からだけ覚えます。
discord-privacy-forget-sure = ここでの投稿と投票、そこから覚えたことをすべて忘れますか？ あなたの写真への返信も削除します。元に戻せません。
discord-privacy-forgotten = { $answers ->
    [0] 忘れました。
   *[other] 忘れました。返信 { $answers } 件を削除しています。
}

discord-unknown-description = よく見かけるのに、まだ名前がない人（モデレーター用）
discord-unknown-who = この人はだれ？ { $times } 回見ました。
discord-unknown-newest = 新しい順に { $most } 枚を表示しています。
discord-unknown-grid = 番号を付けて並べた顔（{ $faces } 枚）。
discord-unknown-name = 名前を付ける…
discord-unknown-merge = まとめる…
discord-unknown-split = 分ける…
discord-unknown-ignore = 無視する
discord-unknown-next = 次へ
discord-unknown-show = 戻る
discord-unknown-choose-into = 同じ人を選ぶ
discord-unknown-choose-out = 外す顔を選ぶ
discord-unknown-merge-which = 同じ人はどれですか？
discord-unknown-split-which = ちがう人の顔はどれですか？ 外した顔は、もう一緒になりません。
discord-unknown-no-others = まとめる相手が、ほかにいません。
discord-unknown-one-face = 顔は 1 枚だけです。
discord-unknown-named = { $faces } 枚の顔で覚えました: { $name }
discord-unknown-ignored = わかりました。この人については、もう聞きません。
discord-unknown-none = 3 回以上見た知らない人は、いまいません。数えるのは、投稿者が許可した写真だけです（/privacy allow）。
discord-unknown-gone = もうできません。その間に、名前が付いたか、まとめられたか、無視されたか、削除されました。

discord-help =
    写真の顔を探して、だれかを答えます。わからないときは、わからないと言います。
    • 写真（4 枚まで）を付けて話しかけるか、DM で送ってください。
    • だれかの写真に返信して呼ぶか、そのメニューの「アプリ → この写真を判定」を使ってください。
    • /judge に写真を付けてもかまいません。
    返信に付くマーク: ✅ 正解 · 🇦 🇧 🇨 この人 · ❌ どれもちがう · 🚫 顔ではない · ❓ 近いのはだれ？ · 🗑️ 削除（投稿者かモデレーター）。マークを外すと取り消しです。名前を返信してもかまいません。
    返信の下の「なぜ？」、メニューの「アプリ → なぜこの答え？」、/why で、だれに似ているかがわかります（見えるのはあなただけ）。
    どの返信にも 1️⃣ ～ 5️⃣ で好みを付けられます。/taste で、わかった好みを確認し、おすすめを受け取れます。
    顔を覚えるのは、写真の投稿者が ✅・文字・名前・/privacy allow のどれかで同意したときだけです。
    /privacy で保存しているものを確認・削除できます · /stats でだれが何を教えたかを見られます · /people・/unknown・/review はモデレーター用です
discord-ambiguous = 同じ名前の人とキャラクターがいます。「as」でどちらか選んでください。
discord-which = { $name }は、実在の人ですか、キャラクターですか？
discord-which-not-yours = 名前を書いた本人だけが選べます。
discord-as-option = 実在の人かキャラクターか（省略すると画像から判断します）
discord-setup-description = このチャンネルの設定
discord-setup-heads-description = このチャンネルで判定するものを順に選びます（省略すると標準に戻ります）
discord-setup-first-option = 最初に答えるもの
discord-setup-second-option = 次に答えるもの
discord-setup-show-description = このチャンネルで判定するものを表示します
discord-setup-heads = このチャンネルで判定するもの: { $heads }
discord-setup-default = このチャンネルでは、写真なら人を、イラストならキャラクターを判定します。
discord-setup-like-description = このチャンネルで「いいね」になる点数を選びます（省略すると標準に戻ります）
discord-setup-like-option = 点数（1 ～ 5）
discord-setup-like = ここでは { $score } 点以上が「いいね」です。
discord-setup-digest-description = ここに投稿されたものから、よいものをみんなのためにまとめて投稿します

discord-taste-description = あなたの好み（わかっていることと、おすすめのまとめ）
discord-taste-show-description = ここでのあなたの好みについてわかっていることと、次のまとめの日時
discord-taste-reset-description = ここでのあなたの評価をすべて忘れます
discord-taste-export-description = ここでのあなたの評価をファイル（CSV）で受け取ります
discord-taste-digest-description = 投稿されたものから、あなたの好みに合うものをまとめて DM で送ります
discord-taste-report =
    { $rated ->
        [yes] ここでのあなたの評価（平均 { $mean }）: 使えるもの { $counted } 件、投稿者の許可を待っているもの { $waiting } 件、写真の保存期間が過ぎたもの { $expired } 件。
       *[no] ここではまだ何も評価していません。判定への返信に 1️⃣ ～ 5️⃣ を付けてください。
    }
    { $known ->
        [yes] あなたの好みがわかるだけの数があります。
       *[no] 使えるものが { $least } 件になると、好みがわかります。
    }
discord-taste-next-digest = 次のまとめ: { $when }
discord-taste-no-digest = ここのまとめは届きません（/taste digest）。
discord-taste-reset-sure = ここでのあなたの評価と、そこからわかった好みをすべて忘れますか？ 元に戻せません。控えが必要なら、先に /taste export を使ってください。
discord-taste-forgotten = 評価を忘れました。
discord-taste-exported = 評価 { $ratings } 件です。

discord-digest-channel-option = どのチャンネルから選ぶか（省略するとここ）。もう一度使うと追加できます
discord-digest-time-option = 時刻（例: 20:00）
discord-digest-zone-option = どの都市の時刻か
discord-digest-days-option = どのくらいの間隔で
discord-digest-off-option = True: まとめをやめる
discord-digest-daily = 毎日
discord-digest-weekly = 週に 1 回（今日の曜日）
discord-digest-begun =
    { $channels } に投稿されたものから、よいものを{ $often ->
        [weekly] 週に 1 回
       *[daily] 毎日
    }まとめます。次は { $next }（{ $zone }）です。新しいものがなければ送りません。
    やめるには、同じコマンドで「off」を選んでください。
discord-digest-not-reading = そこの写真をすべて見ることはできません（運営者が read_along を有効にすると見られます）。いまは、判定を頼まれた写真から選びます。
discord-digest-ended = まとめはもう届きません。
discord-digest-server-only = まとめはサーバーのチャンネルから作ります。サーバーの中で使ってください。
discord-digest-cannot-read = そのチャンネルと履歴を、あなたとわたしの両方が読める必要があります。
discord-digest-cannot-post = ここで「メッセージを送信」と「ファイルを添付」の権限が必要です。
discord-digest-no-time = 時刻がわかりません。20:00 のように書いてください。
discord-digest-no-zone = そのタイムゾーンはありません。入力すると出る一覧から選んでください（例: Asia/Tokyo）。
discord-digest-lead-own = { $server } に { $since } 以降に投稿されたものから、あなたの好みに合うもの:
discord-digest-lead-all = { $since } 以降に投稿されたものから、ここで評価している人たちの好みに合うもの:
discord-digest-line = { $number }. { $link } – { $score } / 5
discord-digest-stop-own = やめるには、ここかサーバーで /taste digest の「off」を選んでください。
discord-digest-stop-all = やめるには、モデレーターがここで /setup digest の「off」を選びます。
discord-digest-grid = 番号を付けて並べた写真（{ $pictures } 枚）。
head-plural-idol = 人
head-plural-character = キャラクター（コスプレも）

enhance-demo = 架空の観客の好み
enhance-taste = あなたの好み
enhance-photogenic = ここでの写真映え
enhance-done = { $head }に合わせて良くしました：5 点満点で { $before } → { $after } 点。顔の部分はそのままです。合成画像であることはファイルに書いてあります。
enhance-held = 関わっていない別のネットワークで見ても、上がった分の { $held } % は残ります。
enhance-original = 元の画像
enhance-noise = ノイズ
enhance-result = 結果
enhance-description = 合成画像：学習したネットワークが色を変えたものです（{ $head }）。
enhance-progress = 良くしています… { $percent } %
enhance-already = 一度に 1 枚だけです。前の画像がまだ終わっていません。
discord-enhance-description = 画像の色を調整して、もっと良くします
discord-enhance-picture-option = 画像（顔の部分は変えません）
discord-enhance-head-option = 誰の好みに合わせるか
discord-enhance-start-option = 画像から始めるか、その色のノイズから始めるか
discord-enhance-strength-option = どれだけ変えてよいか（％）
discord-enhance-from-picture = 画像から
discord-enhance-from-noise = ノイズから

# `python -m bot.sweep` の一覧のことば。キーは en/sweep.ftl と同じであること。

sweep-title-taste = { $viewer } さんが好きそうな順
sweep-title-photogenic = 写真映えする順
sweep-title-beauty = 顔の評価の順
sweep-counts = 集めた { $collected } 枚のうち、採点できたのは { $scored } 枚で、上位 { $shown } 枚を載せています。対象外は { $refused } 枚です。全部の一覧は sheet.csv にあります。
sweep-notice = これは提案です。いいねやフォローをしたり、メッセージを送ったりすることは一切ありません。このページが何かを実行することもありません。投稿を開いて、ご自分の目で見て決めてください。
sweep-order = 「いいね」、「どちらとも言えません」、「うーん」の順で、同じ提案のなかでは、低く見積もっても点数の高いものを先にしています。ほぼ同じ画像は、いちばん古いものだけを採点します。点線から右が「いいね」です。
sweep-meaning-taste = 点数は、これまでの評価からわかる範囲で、この人なら何点をつけるか（1〜5 点）です。
sweep-meaning-photogenic = 点数は、このコミュニティの反応から見て、同じ投稿者の写真のなかでどのくらいの位置にあるか（1〜5 点）です。
sweep-meaning-beauty = 点数は、ある国の学生 60 人なら何点をつけたか（1〜5 点）です。人の価値を表すものではありません。承諾した人だけを採点しています。
sweep-private = 人が写っているので、この一覧は運営者だけのものです。
sweep-delete-by = { $date } までに削除してください。同意のない人の写真や投稿を保存できるのはその日までです。既定の場所にあれば、自動で削除されます（載っている人が削除を求めたときも）。

sweep-picture = { $rank } 位の写真（投稿者：{ $author }）
sweep-gone = 写真はもうありません。
sweep-score = 5 点満点で { $value } 点
sweep-interval = 90 % の確率で { $low }〜{ $high }
sweep-likes = いいね { $likes } 件
sweep-licence = 利用の根拠：
sweep-agreed = 投稿者は学習に同意しています
sweep-not-agreed = 投稿者の同意はありません
sweep-not-agreed-until = 投稿者の同意がないため { $date } まで保存します
sweep-open = 投稿を開く
sweep-done = 確認済み
sweep-nothing = 採点できた写真はありません。

sweep-refused = 対象外
sweep-reason = { $number } 枚：{ $why }
sweep-author = 投稿者
sweep-why = 理由
sweep-post = 投稿
sweep-more = ほか { $more } 枚は sheet.csv にあります。

sweep-no-expired = 写真の保存期限が切れたか、削除されました。
sweep-no-copy = もっと古い写真とほぼ同じです。
sweep-no-spoiler = ネタバレ（スポイラー）として投稿されています。
sweep-no-own = { $viewer } さん自身の写真です。
sweep-no-no-face = 顔が見つかりませんでした。
sweep-no-several-faces = 顔が 2 つ以上あります。投稿者の承諾は 1 人分だけです。
sweep-no-drawn = イラストです。これは写真だけを採点します。
sweep-no-not-yours = 投稿者が、ここでの写真の利用に同意していません（/privacy allow）。
sweep-no-unconfirmed = 写っているのが本人か同意した人で、成人であることを、投稿者が伝えていません。
sweep-no-too-few-ratings = { $viewer } さんの評価のうち、学習に使えるものがまだ足りません。

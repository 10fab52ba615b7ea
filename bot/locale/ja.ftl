# 返信のことば。キーは en.ftl と同じであること（テストで確認）。

no-face = 顔が見つかりませんでした。
nobody-known = 顔を { $faces } 人見つけましたが、だれかはわかりません。
names-known = 顔を { $faces } 人見つけ、{ $known } 人わかりました。
and-more = ほか { $more } 人の顔は省略しました。

part-known = { $name } だと思います（{ $percent }、{ $sure }）
part-unknown = だれかわかりません。名前を教えてもらえれば覚えます。
others = ちがうなら: { $names }
nearest = 近い順: { $names }
nearest-nobody = まだだれも登録されていません。
caption-unknown = わかりません
sure-very = ほぼ確実
sure-fairly = たぶん
sure-hardly = 自信なし
image-description = 判定した顔。{ $words }

status-learned = 覚えました: { $name }
status-waiting = あと 1 人（投稿者かモデレーター）の確認を待っています。
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
several-faces = 顔が { $faces } 人写っています。1 人だけの写真を送ってください。

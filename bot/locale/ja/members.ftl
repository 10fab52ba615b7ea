# だれが何をできるか
role-viewer = 閲覧者
role-teacher = 先生
role-moderator = モデレーター
role-admin = 管理者

web-not-for-guests = これは Discord で行うか、このページを運営している人が行います。
web-guest = Discord から入っています。あなたが読めるチャンネルの判定が表示され、訂正できます。写真を送るのも、判定を削除するのも、Discord で行います。
web-viewer = ここでは、すべてを見ることができます。写真を送ったり訂正したりするには、別の役割かパスワードを管理者に頼んでください。
web-login-discord = Discord サーバーのメンバーは、サーバーで /teach と入力するとリンクが届きます。
web-enter = { $name } さんとして入ります。
web-enter-explained = リンクは 1 回だけ使えます。この端末では 7 日間ログインしたままになります。
web-enter-button = 入る
web-enter-gone = このリンクは使用済みか、期限切れです。Discord で /teach を使うと、新しいリンクが届きます。

web-members = メンバー
web-members-explained = パスワードで入った人と、その人にできること。閲覧者は見るだけ、先生は写真を送って訂正し、モデレーターは決定して人物を管理し、管理者はこのページを管理します。パスワードを知っている人は、また入れます。もう入れないようにするには、パスワードを変えてください。
web-members-explained-guests = Discord のリンクで入った人と、その人にできること。閲覧者は見るだけ、先生は訂正し、モデレーターは決定して人物を管理し、管理者はこのページを管理します。ここで選んだ役割は、Discord での権限にかかわらず、変えるまで続きます。退出させた人も、新しいリンクをもらえばまた入れます。ずっと見るだけにするには、閲覧者にしてください。
web-members-open = パスワードがないので、このページを開ける人は全員が管理者です。
web-members-none = まだだれも入っていません。
web-members-saved = 保存しました。
web-members-visitor = 訪問者 { $id }
web-members-forgotten = データを消した人
web-members-seen = 最終利用
web-members-you = あなたです（{ $role }）。
web-members-role = { $name } の役割
web-members-given = 入ったときのまま（{ $role }）
web-members-save = 保存
web-members-remove = 退出させる
web-members-self = 自分の役割は変えられず、自分を退出させることもできません。ログアウトを使ってください。
web-members-gone = そのメンバーは、もういません。

web-audit = 行われたこと
web-audit-explained = モデレーターと管理者が最近行ったこと。時刻は UTC です。
web-audit-none = まだ何もありません。
deed-named = 名前のない顔に名前を付けました
deed-merged = 名前のない 2 人を 1 人にまとめました
deed-split = 名前のない人から顔を外しました
deed-ignored = 名前のない人を無視しました
deed-judged = 判定するものを選びました
deed-deleted = ほかの人の判定を削除しました
deed-boxes-confirmed = 顔の枠を確認しました
deed-boxes-reopened = 顔の枠の確認を取り消しました
deed-enrolled = 写真を登録しました
deed-person-renamed = 人物の名前を変えました
deed-person-reading = 名前の読みを決めました
deed-released = 保留の票を有効にしました
deed-rejected = 保留の票を無効にしました
deed-person-merged = 2 人を 1 人にまとめました
deed-person-removed = 人物のデータを消しました
deed-role-viewer = 閲覧者にしました
deed-role-teacher = 先生にしました
deed-role-moderator = モデレーターにしました
deed-role-admin = 管理者にしました
deed-role-none = 入ったときの役割に戻しました
deed-put-out = 退出させました
of-several = （{ $times } 回）
of-person = 人物 { $id }
of-cluster = グループ { $id }
of-answer = 判定 { $id }
of-hold = 保留 { $id }
of-boxes = 画像 { $id }
of-channel = チャンネル { $id }

# /teach
discord-teach-description = ページで教える（リンクを送ります）
discord-teach-message = { $server } のページへのリンクです: { $link }
    { $minutes } 分以内に 1 回だけ使えます。ほかの人に渡さないでください。
discord-teach-sent = リンクをダイレクトメッセージで送りました。
discord-teach-closed = あなたにメッセージを送れません。このサーバーのメンバーからのダイレクトメッセージを許可してから、もう一度 /teach を使ってください。
discord-teach-no-page = 教えるためのページがまだありません。ボットを動かしている人が、ページのアドレスを web.public_url に設定する必要があります。
discord-servers-only = サーバーの中でだけ使えます。

# 画像を集めた場所からの手がかり。キーは en/collect.ftl と同じ。

teach-likely = もしかして { $name }？

# Hints from where pictures were collected. The keys are those of ja/collect.ftl.

teach-likely = Likely { $name }?

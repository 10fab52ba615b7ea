# The sheet of `python -m bot.sweep`. The keys are those of ja/sweep.ftl.

sweep-title-taste = What { $viewer } may like best
sweep-title-photogenic = The most photogenic
sweep-title-beauty = By beauty score
sweep-counts = { $collected ->
    [one] { $collected } picture was
   *[other] { $collected } pictures were
} collected: { $scored } scored, of which the best { $shown } are shown; { $refused } refused. All are in sheet.csv.
sweep-notice = These are suggestions for a person to act on. Hantei likes, follows and messages nobody, and this page does nothing by itself: open a post, look, and decide.
sweep-order = First what is suggested as a like, then what is too close to call, then nopes; in each, what scores high even at the low end of its interval comes first. Of near copies only the oldest is judged. The dashed line is where a like begins.
sweep-meaning-taste = The score is what this person would give, 1 to 5, as far as their ratings tell.
sweep-meaning-photogenic = The score is where a picture would stand among its author's own, 1 to 5, by what this community reacted to.
sweep-meaning-beauty = The score is what 60 students in one country would have given, 1 to 5. It says nothing of anybody's worth. Only whoever opted in is scored.
sweep-private = This sheet shows people: it is for the operator alone.
sweep-delete-by = Delete it by { $date }: until then what is said and shown of those who have not agreed may be kept. In its usual place the bot deletes it by itself, also when somebody on it is forgotten.

sweep-picture = Picture { $rank }, by { $author }
sweep-gone = The picture is gone by now.
sweep-score = { $value } of 5
sweep-interval = 90 % sure: { $low } to { $high }
sweep-likes = { $likes ->
    [one] { $likes } like
   *[other] { $likes } likes
}
sweep-licence = By right of:
sweep-agreed = the poster agrees to be learned from
sweep-not-agreed = the poster has not agreed
sweep-not-agreed-until = the poster has not agreed; kept until { $date }
sweep-open = Open the post
sweep-done = dealt with
sweep-nothing = None of the pictures has a score.

sweep-refused = Refused
sweep-reason = { $number } × { $why }
sweep-author = Author
sweep-why = Why
sweep-post = Post
sweep-more = { $more } more are in sheet.csv.

sweep-no-expired = The picture has expired or was forgotten.
sweep-no-copy = It is a near copy of an older picture.
sweep-no-spoiler = It was posted as a spoiler.
sweep-no-own = It is { $viewer }'s own picture.
sweep-no-no-face = No face was found in it.
sweep-no-several-faces = There are several faces in it, and the poster speaks only for one.
sweep-no-drawn = It is drawn; this is scored of photographs only.
sweep-no-not-yours = The poster has not agreed to what is done here with their pictures (/privacy allow).
sweep-no-unconfirmed = The poster has not said that their pictures show themselves, or who agreed, and an adult.
sweep-no-too-few-ratings = { $viewer } has rated too few pictures that can be learned from.

# The words of the replies. Same keys as ja.ftl (a test checks).

no-face = I found no face in this picture.
no-face-photo = There may be somebody in this photograph, but I found no face. One in which the face is larger or clearer may work.
no-face-illustration = This is a drawing, as far as I can tell, but I found no face in it. One in which the face is larger or clearer may work.
nobody-there = Nice picture! But I see no face of a person or a character in it, so there is nobody to judge.
nobody-known = { $faces ->
    [one] I found a face, but I don't know who it is.
   *[other] I found { $faces } faces, but I don't know any of them.
}
names-known = { $faces ->
    [one] I found a face, and I think I know it.
   *[other] I found { $faces } faces and know { $known } of them.
}
and-more = … and { $more } more that I left out.

part-known = I think this is { $name } ({ $percent }, { $sure })
part-learned = This is { $name }, I was told.
part-not-a-face = This is not a face, I was told.
part-unknown = I don't know who this is. Tell me the name and I will remember.
part-known-cosplay = Cosplay: I think as { $name } ({ $percent }, { $sure })
part-maybe = Maybe { $name }? I know this character from drawings only.
part-learned-cosplay = Cosplay of { $name }, I was told.
part-unknown-character = I don't know which character this is. Tell me the name and I will remember.
caption-maybe = { $name }?
others = If not: { $names }
nearest = Nearest: { $names }
nearest-nobody = Nobody is enrolled yet.
caption-unknown = I don't know
sure-very = almost certain
sure-fairly = probably
sure-hardly = not sure
image-description = The face that was judged. { $words }

faces-not-judged = { $faces ->
    [one] There is a face, but not of a kind that is judged here.
   *[other] There are { $faces } faces, but not of a kind that is judged here.
}
faces-judged = { $faces ->
    [one] Here is what I think of this face.
   *[other] Here is what I think of these { $faces } faces.
}
pictures-judged = { $pictures ->
    [one] Here is what I think of this picture.
   *[other] Here is what I think of these { $pictures } pictures.
}
score-beauty = Beauty: { $value } of 5 (90 % sure: { $low } to { $high }) – { $likes }
score-taste = Your taste: { $value } of 5 (90 % sure: { $low } to { $high }) – { $likes }
score-photogenic = Photogenic: { $value } of 5 (90 % sure: { $low } to { $high }) – { $likes }
like = like
nope = nope
like-undecided = too close to call
no-score = { $head }: no score. { $why }
no-score-not-yours = I score only pictures that who asks has posted.
no-score-unconfirmed = If this is you, or somebody who agreed, and an adult, press { $mark } and I will score it. I ask only this once.
no-score-too-few-ratings = I don't know your taste yet. Rate a few pictures, 1️⃣ to 5️⃣.
no-score-not-learned = I have not learned yet what people here like, at least not measurably.
no-score-too-small = The face is too small. Please post a larger picture, or one taken from nearer.
no-score-too-blurred = The face is too blurred. Please post a sharper picture.
no-score-turned-away = The face is turned too far away. Please post a picture in which it looks towards the camera.
no-score-unrecognisable = I can't make out enough of this face: it may be covered, dark or cut off.
head-beauty = Beauty
head-taste = Your taste
head-photogenic = Photogenic
head-plural-beauty = beauty, of one's own picture
head-plural-taste = the taste of who asks
head-plural-photogenic = how photogenic a picture is
image-description-whole = The picture that was judged. { $words }

why-told = This is { $name }: I was told so.
why-not-a-face = I was told that this is not a face.
why-copied = This is { $name }, for I was told so of the same picture, or of one that is nearly the same.
why-known = I say { $name }: this face is more like the pictures I know of them than strangers' faces are. How sure I am: { $sure }. About { $right } of 100 answers like this should be right.
why-changed = I answered { $then }. By what I know now, I would say { $now }.
why-nobody-enrolled = I don't know anybody here yet. Tell me the name, and I have somebody to compare with.
why-not-alike = { $name } comes nearest, but strangers can look as alike as that, so I don't say a name. If that is right, tell me: each picture makes me surer.
why-rejected = It does look like somebody I know, but I was told that this picture, or this face, is not them. If that was a mistake, take it back or tell me the name.
why-uncalibrated = Too few people are enrolled here for me to tell how alike is alike enough. With { $people } or more I can.
why-too-small = The face is too small to tell it from others. Please post a larger picture, or one taken from nearer.
why-too-blurred = The face is too blurred to tell it from others. Please post a sharper picture.
why-turned-away = The face is turned too far away. Please post a picture in which it looks towards the camera.
why-unrecognisable = I can't make out enough of this face: it may be covered, dark or cut off. Please post a clearer picture.
why-measured-unknowns = What is alike enough I measured on faces posted here that nobody has named.
why-measured-synthetic = What is alike enough I measured on made-up faces of strangers.
why-measured-gallery = What is alike enough I measured by comparing the people enrolled here with each other.
why-nearest = You see the nearest faces that I know. 100 % would be the same picture.
why-expired = The picture behind this answer has expired, so I can't compare it any more.
why-face = This face
why-alike = { $alike } % alike
why-description = This face, and beside it the nearest that I know: { $names }.

status-learned = Learned: { $name }
status-waiting = { $missing ->
    [one] Waiting for 1 more to say so, or for the poster or a moderator.
   *[other] Waiting for { $missing } more to say so, or for the poster or a moderator.
}
status-disputed = People disagree. A moderator, or more votes, will settle it.
status-held = Many new votes came at once, so a moderator will look at them first.
status-consent = { $name }: consent needed. I will learn it when the poster answers with ✅ or the name.
status-rejected = Noted: not that person. I will not call this picture that again.
status-not_a_face = Noted: not a face.
status-undone = Taken back.
status-expired = The picture behind this answer has expired, so I can't learn from it any more.

refused-empty = The file is empty. Please send the picture again.
refused-not-a-picture = This is not a picture. Send JPEG, PNG, WebP, GIF, AVIF or HEIC.
refused-format = I can't read this format ({ $detail }). Send JPEG, PNG, WebP, GIF, AVIF or HEIC.
refused-truncated = The picture is damaged. Export it again and send it once more.
refused-too-many-bytes = The file is too large. Please send a smaller one.
refused-too-many-pixels = The picture is too large ({ $detail } megapixels). Please scale it down.
refused-too-small = The picture is too small ({ $detail } pixels).
refused-too-narrow = The picture is too narrow ({ $detail } pixels). Cut out the part with the face.
refused-too-much-memory = This picture takes too much memory to open. Please scale it down.
refused-took-too-long = I ran out of time on this picture. Please try a smaller one.
refused-decoder-crashed = I could not open this picture. Please send it in another format.
refused-host = I don't read pictures from there. Please post the picture itself.
refused-download = I could not fetch the picture. Please post it again.
refused-explicit = I don't judge this picture (it looks explicit).

busy = I am busy right now and will answer when it is your turn.
cooldown = A short break, please: try again in { $seconds } s.
no-picture = Mention me with a picture, or reply to somebody's picture and mention me.
several-faces = There are { $faces } faces. Send a picture with only one.

which-explained = The same name can be a person's and a character's: they are learned apart.
which = Who is { $name }?
head-idol = A person
head-character = A character
not-a-photograph = This is a drawing: a person can only be learned from a photograph.

# web page
web-title = Hantei
web-tagline = Whose face is this? Hantei tells you, or says that it does not know.
web-post = Post pictures
web-drop = Drop pictures here, or paste them with Ctrl+V
web-limits = Up to { $most } at a time, { $megabytes } MB each.
web-choose = Choose pictures
web-photograph = Take a photo
web-paste = Paste
web-nothing-to-paste = There is no picture on the clipboard, or the browser does not let me read it.
web-spoiler = Spoiler: blur the faces until they are tapped
web-kept = A face that you name in your own picture is kept and learned. All others are deleted after { $days ->
    [one] one day
   *[other] { $days } days
}, unless you allow more here:
web-answers = Answers
web-no-answers = No answers yet. The first one will appear here.
web-loading = Loading the latest answers …
web-sending = Sending …
web-judging = Judging …
web-unreachable = Hantei can't be reached right now. Your picture is safe here and is sent again by itself.
web-not-saved = Hantei can't be reached right now. Please try that again.
web-cancel = Cancel
web-try-again = Try again
web-picture = Your picture
web-correct = Correct this answer
web-marks = Is that right?
web-name = Name of this person
web-teach = Teach
web-undo = Undo
web-spoiler-shown = Show the face (spoiler)
web-judged = What I judge here
web-judged-explained = For everybody on this page, from the next picture on. If nothing is ticked: people in photographs, characters in drawings.
web-judged-like = A like begins at (1 to 5)
web-judged-saved = Saved.
web-picture-expired = The picture has expired.
web-why = Why?
web-mark-right = Right
web-mark-wrong = Wrong
web-mark-none_of_these = None of these
web-mark-not_a_face = Not a face
web-mark-who = Who could it be?
web-mark-delete = Delete
web-mark-mine = This is me, or somebody who agreed, and an adult: score it
web-mine-below = the button below
web-mine-unsaid = Who posted it has not said yet whom it shows.
web-role = Your role on this page does not include that. Ask a moderator.
web-not-yours = Only who posted a picture can say whom it shows.
web-rating = Rate
quoted = “{ $words }”
web-allow = Let Hantei learn from every picture that I post here, keep its faces and ask others here who they are, until I take this back
web-boxes = Face boxes
web-boxes-link = Face boxes ({ $pictures })
web-boxes-explained = Pictures of the operator's own, with boxes that the detector proposed. Correct them, and they teach it to find faces better.
web-boxes-none = There is no set of pictures yet. Whoever runs this bot makes one with this command:
web-boxes-counts = { $waiting } left, { $confirmed } done
web-boxes-left = Left
web-boxes-confirmed = Done
web-boxes-stage = Picture with boxes around its faces
web-boxes-face = Face
web-boxes-hint = Drag a box or its corners. Drag where there is no box to draw a new one.
web-boxes-tools = Tools
web-boxes-remove = Remove
web-boxes-add = Add
web-boxes-skip = Skip
web-boxes-done = Done
web-boxes-keys = Tab: next box. Arrows move it, with Shift they resize it. Delete removes it. Enter: done. Backspace or Ctrl+Z: undo.
web-boxes-finished = All pictures are done.
web-boxes-train = Train on them with this command; only pictures that you marked as done are used.
web-boxes-copy = Copy
web-boxes-copied = Copied.
web-boxes-too-many = At most { $most } boxes in one picture.
web-boxes-gone = There is no such picture or set any more.
web-boxes-unusable = These boxes can't be used: { $why }
web-rate = Rate pictures
web-rate-link = { $pictures ->
    [0] Rate pictures
   *[other] Rate pictures ({ $pictures })
}
web-rate-explained = How much do you like it? 1: not at all, 5: very much. From { $least } ratings on, Hantei knows your taste.
web-rate-progress = { $rated } of { $all } rated.
web-rate-known-from = Your taste is known from { $least } on.
web-rate-known = Your taste is known.
web-rate-picture = Picture to rate
web-rate-uncover = Show the picture (spoiler)
web-rate-lowest = not at all
web-rate-highest = very much
web-rate-skip = Skip
web-rate-keys = Keys: 1 to 5 rate, U or Backspace undoes, S or → skips.
web-rate-finished = Nothing is left to rate.
web-rate-more = Post pictures on the page, or come back when others have. What you skipped is still there.
web-rate-again = Look again
web-rate-unsent = Hantei can't be reached right now. Your ratings are kept here and sent again by themselves.
web-rate-mine = Your ratings
web-rate-counted = Count towards your taste
web-rate-unagreed = Wait until the poster lets me learn from the picture
web-rate-expired = Are of pictures that have expired
web-rate-export = Export as CSV
web-rate-reset = Forget them
web-rate-reset-question = Forget all your ratings?
web-rate-reset-explained = What Hantei knows of your taste goes with them. This cannot be undone.
web-rate-reset-done = Your ratings are forgotten.
web-enhance = Make it better
web-enhance-explained = Hantei changes the colours of a picture, step by step, towards what somebody likes. Faces keep their pixels. Nothing is kept, and the file says that it is synthetic.
web-enhance-picture = Picture
web-enhance-working = Making it better
web-enhance-beside = The picture before and after
web-enhance-download = Save the result
web-delete-question = Delete this answer?
web-delete-explained = Its faces and votes are deleted, and what was learned from them is forgotten.
web-keep = Keep it
web-deleted = The answer was deleted.
web-language = Language
web-password = Password
web-password-needed = This page is for people who have the password.
web-sign-in = Sign in
web-sign-out = Sign out
web-wrong-password = That is not the password.
web-too-many-tries = Too many wrong passwords. Try again in { $seconds } s.
web-sign-in-first = Please sign in first: reload the page.
web-reload = The page has been open for too long. Please reload it.
web-foreign = This request came from another page, so it was refused.
web-unknown-host = Hantei does not answer to the name { $host }. If it should, add it to web.public_hosts in config.toml.
web-not-found = There is nothing here.
web-answer-gone = This answer was deleted.
web-bad-request = I don't understand this request. Please reload the page and try again.
web-bad-name = A name has 1 to { $longest } characters.
web-too-large = The file is too large: { $megabytes } MB is the most.
web-too-many = At most { $most } pictures at a time, please.
web-stalled = The upload stopped half-way. Please try again.
web-failed = Something went wrong here. It has been noted; please try again.
web-no-script = This page needs JavaScript.
web-continue = Continue
web-home = Back to the page

# Discord
discord-judge-menu = Judge this picture
discord-judge-description = Judge a picture: find the faces and say who they are
discord-picture-option = The picture
discord-help-description = What I do and how to ask me
discord-people-description = The people I know here (for moderators)
discord-enroll-description = Teach me a person from a picture of them alone
discord-list-description = Who is enrolled
discord-rename-description = Rename a person; the old name still leads to them
discord-merge-description = Make two people one
discord-remove-description = Forget a person with everything learned about them
discord-name-option = The name
discord-new-name-option = The new name
discord-into-option = The name that stays
discord-face-option = A picture with only this person's face
discord-right-option = I have the right to use this picture for this
discord-privacy-description = What I keep of you
discord-privacy-show-description = Show what I keep of you here
discord-privacy-allow-description = Let me learn from the pictures you post here, or no longer
discord-privacy-forget-description = Forget everything you posted and voted here
discord-agree-option = Yes: learn from my pictures. No: only from those I confirm.

discord-cannot-send = I may not write in { $channel }. A moderator can give me the permission to send messages there.
discord-no-files = (I may not attach pictures here, so you get words only.)
discord-left-out = I look at { $most } pictures at a time and left out the rest.
discord-no-picture-there = I can't see a picture in that message. If there is one, choose “Apps → Judge this picture” in the menu of the message.
discord-name-length = A name has 1 to { $longest } characters.
discord-not-a-name = I took that for chat and noted nothing. To tell me who it is, reply to my answer with nothing but the name.
discord-why-menu = Why this answer?
discord-why-description = Why I answered as I did: whom the face is like, and what kept me from naming it
discord-why-button = Why?
discord-why-none = I have not answered anybody here about a face yet.
discord-why-no-answer = I show no face in that message. Choose “Apps → Why this answer?” in the menu of an answer of mine.
discord-yes = Yes
discord-no = No
discord-nothing-done = Nothing was changed.

discord-moderators-only = Only people who may manage messages or the server can do that.
discord-not-allowed = Only the poster or a moderator may do that.
discord-name-taken = Somebody else has that name already. To make them one, use /people merge.
discord-not-found = I can't find that. It was deleted, or it has another name.
discord-forbidden = Discord does not let me do that here. A moderator can look at my permissions.
discord-too-large = The answer is too large for Discord.
discord-failed = Something went wrong here. It has been noted; please try again.

discord-right-needed = I can enrol this picture only if you have the right to use it: choose True if you do.
discord-person-idol = { $name }: { $examples }
discord-person-character = { $name } (character): { $examples }
discord-more-people = … and { $more } more
discord-renamed = The name is now { $name }.
discord-merged = They are one now: { $name }.
discord-remove-sure = Forget { $name } with all pictures, votes and everything learned from them? This cannot be undone.
discord-removed = { $name } is forgotten.

discord-privacy-report =
    Kept of you here: { $posts ->
        [one] one post
       *[other] { $posts } posts
    } with { $crops ->
        [one] one face
       *[other] { $crops } faces
    }, { $enrolled } of them learned, and { $votes ->
        [one] one vote
       *[other] { $votes } votes
    }.
    { $allowed ->
        [yes] You let me learn from all your pictures here.
       *[no] I learn only from pictures of yours that you confirm with ✅, a letter or a name.
    }
discord-privacy-allowed = Thank you. I may now learn from the pictures you post here. Faces in them are kept, and I may ask moderators, and people who can read the channel, who they are. I also remember who they are not.
discord-privacy-disallowed = Noted. I learn only from pictures of yours that you confirm yourself.
discord-privacy-forget-sure = Forget everything you posted and voted here, and what I learned from it? My answers to your pictures are deleted. This cannot be undone.
discord-privacy-forgotten = { $answers ->
    [0] Forgotten.
    [one] Forgotten. I am deleting one of my messages.
   *[other] Forgotten. I am deleting { $answers } of my messages.
}

discord-unknown-description = Whom nobody has named yet, though they were seen often (for moderators)
discord-unknown-who = Who is this? Seen { $times ->
    [one] once
   *[other] { $times } times
}.
discord-unknown-newest = The newest { $most } are shown.
discord-unknown-grid = { $faces ->
    [one] One face
   *[other] { $faces } faces
} in a numbered grid.
discord-unknown-name = Name …
discord-unknown-merge = Merge with …
discord-unknown-split = Split …
discord-unknown-ignore = Ignore
discord-unknown-next = Next
discord-unknown-show = Back
discord-unknown-choose-into = The same person as …
discord-unknown-choose-out = Take out …
discord-unknown-merge-which = Which of these is the same person?
discord-unknown-split-which = Which of these faces are somebody else? They are taken out for good.
discord-unknown-no-others = There is no other unknown person to merge with.
discord-unknown-one-face = There is only one face left.
discord-unknown-named = { $faces ->
    [one] Learned from one face: { $name }
   *[other] Learned from { $faces } faces: { $name }
}
discord-unknown-ignored = Noted: nobody will be asked about this person again.
discord-unknown-none = Nobody unknown was seen three times or more. I count only pictures whose posters allow it (/privacy allow).
discord-unknown-gone = That can't be done any more: the faces have been named, merged, ignored or deleted meanwhile.

discord-help =
    I look for faces in pictures and say who they are, or that I don't know.
    • Mention me with up to 4 pictures, or write to me directly.
    • Reply to somebody's picture and mention me, or choose “Apps → Judge this picture” in its menu.
    • Or hand the picture over with /judge.
    Under each answer: ✅ right · 🇦 🇧 🇨 it is this one · ❌ none of these · 🚫 not a face · ❓ who could it be? · 🗑️ delete (the poster or a moderator). Taking a mark back undoes it. Or reply with the name.
    Why? below an answer, “Apps → Why this answer?” in its menu, or /why shows whom the face is like; only you see it.
    1️⃣ to 5️⃣ under any answer says how much you like it. /taste shows what I make of that, and sends you the best of what is posted.
    I learn a face only if the person who posted it agrees: with ✅, a letter, the name, or /privacy allow.
    /privacy shows what I keep of you and forgets it · /stats shows who taught what · /people, /unknown and /review are for moderators
discord-ambiguous = A person and a character have this name: say which with the option "as".
discord-which = { $name }: is that the person, or the character?
discord-which-not-yours = Only who typed the name can say that.
discord-as-option = Whether it is a person or a character (default: by the picture)
discord-setup-description = Set up this channel
discord-setup-heads-description = Choose what is judged in this channel, in order; nothing: back to the default
discord-setup-first-option = What answers first
discord-setup-second-option = What answers after that
discord-setup-show-description = Show what is judged in this channel
discord-setup-heads = In this channel I look for: { $heads }.
discord-setup-default = In this channel I look for people in photographs, and for characters in drawings.
discord-setup-like-description = Choose from which score on it is a like here; nothing: back to the default
discord-setup-like-option = The score, 1 to 5
discord-setup-like = A score of { $score } or more is a like here.
discord-setup-digest-description = Post the best of what is posted here, for everybody

discord-taste-description = Your taste: what I know of it, and the best of what is posted
discord-taste-show-description = What I know of your taste here, and when your next digest comes
discord-taste-reset-description = Forget all your ratings here
discord-taste-export-description = Get your ratings here as a file (CSV)
discord-taste-digest-description = Have the best of what is posted sent to you, by your taste
discord-taste-report =
    { $rated ->
        [yes] Your ratings here, { $mean } on average: { $counted } count, { $waiting } wait until the posters let me learn from their pictures, and { $expired } are of pictures that have expired.
       *[no] You have rated nothing here yet. React to any answer of mine with 1️⃣ to 5️⃣.
    }
    { $known ->
        [yes] That is enough for me to know your taste.
       *[no] I know your taste once { $least } count.
    }
discord-taste-next-digest = Your next digest: { $when }
discord-taste-no-digest = You get no digest of this place (/taste digest).
discord-taste-reset-sure = Forget all your ratings here, and what I learned of your taste? This cannot be undone; /taste export first gives you a copy.
discord-taste-forgotten = Your ratings are forgotten.
discord-taste-exported = { $ratings ->
    [one] One rating.
   *[other] { $ratings } ratings.
}

discord-digest-channel-option = Where the pictures come from (default: here); use it again to add more channels
discord-digest-time-option = At what time, like 20:00
discord-digest-zone-option = By the clock of which city
discord-digest-days-option = How often
discord-digest-off-option = True: no more digests
discord-digest-daily = Every day
discord-digest-weekly = Once a week, on this weekday
discord-digest-begun =
    The best of what is posted in { $channels } comes { $often ->
        [weekly] once a week
       *[daily] once a day
    }, next on { $next } ({ $zone }), whenever there is something new.
    To stop it, use the same command with “off”.
discord-digest-not-reading = I can't look at all pictures there (who runs me would have to turn on read_along), only at those that people show me.
discord-digest-ended = There will be no more digests.
discord-digest-server-only = Digests are of channels of a server: use this there.
discord-digest-cannot-read = You and I must both be able to read that channel and its history.
discord-digest-cannot-post = I need the permissions to send messages and to attach files here.
discord-digest-no-time = I don't understand this time. Write it like 20:00.
discord-digest-no-zone = I don't know this zone. Choose one from the list that opens as you type, like Asia/Tokyo.
discord-digest-lead-own = The best of what was posted in { $server } since { $since }, by your taste:
discord-digest-lead-all = The best of what was posted since { $since }, by the taste of those who rate here:
discord-digest-line = { $number }. { $link } – { $score } of 5
discord-digest-stop-own = To have no more of these: /taste digest with “off”, here or in the server.
discord-digest-stop-all = To have no more of these, moderators use /setup digest with “off” here.
discord-digest-grid = { $pictures ->
    [one] One picture
   *[other] { $pictures } pictures
} in a numbered grid.
head-plural-idol = people
head-plural-character = characters, cosplay included

enhance-demo = what a simulated audience likes
enhance-taste = your taste
enhance-photogenic = what is photogenic here
enhance-done = Made better for { $head }: { $before } → { $after } of 5. Faces keep their pixels. The file says that it is synthetic.
enhance-held = A second network, which had no part in it, sees { $held } % of the gain.
enhance-original = Before
enhance-noise = Noise
enhance-result = After
enhance-description = Synthetic: a picture whose colours were changed by a trained network, for { $head }.
enhance-progress = Making it better … { $percent } %
enhance-already = One picture at a time, please: your last one is not done yet.
discord-enhance-description = Make a picture better, by its colours
discord-enhance-picture-option = The picture; faces in it stay as they are
discord-enhance-head-option = For whom
discord-enhance-start-option = From the picture, or from noise in its colours
discord-enhance-strength-option = How much may be changed, in percent
discord-enhance-from-picture = from the picture
discord-enhance-from-noise = from noise

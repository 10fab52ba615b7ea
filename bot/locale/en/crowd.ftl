# Who taught what, and votes that wait for a moderator. The keys are those of ja/crowd.ftl.

discord-stats-description = Who taught what here, and how often I was right
discord-review-description = Votes that are held, and what people disagree on (for moderators)

stats = Who taught what
stats-nothing = Nobody has taught me anything here yet.
stats-total = { $votes ->
    [one] { $votes } vote so far;
   *[other] { $votes } votes so far;
} { $labels ->
    [one] { $labels } face is settled by them.
   *[other] { $labels } faces are settled by them.
}
stats-you = You
stats-teacher = Teacher { $number }
stats-row = { $who }: { $votes ->
    [one] { $votes } vote
   *[other] { $votes } votes
}, behind { $labels ->
    [one] { $labels } settled face
   *[other] { $labels } settled faces
}, { $right }
stats-right = right { $percent } % of { $counted ->
    [one] { $counted } time
   *[other] { $counted } times
}
stats-moderator = moderator
stats-moderates = decides, as a moderator
stats-unmeasured = not measured yet
stats-measured-explained = “Right” is measured on faces that others settled, a moderator or several people. Nobody confirms themselves.
stats-own-only = Moderators see the other teachers, too.

stats-teachers = Teachers
stats-column-who = Who
stats-column-votes = Votes
stats-column-labels = Settled
stats-column-right = Right
stats-column-week = Week of
stats-column-faces = Faces
stats-column-share = Share

stats-weeks = How often I was right
stats-weeks-explained = What I had answered, by the week, of faces that people agreed on afterwards.
stats-weeks-none = Nothing is agreed on yet.
stats-share-right = right
stats-share-wrong = wrong name
stats-share-unknown = “I don't know”
stats-share = right { $right } %, wrong name { $wrong } %, “I don't know” { $unknown } %

stats-needy = Who needs pictures
stats-needy-none = I know nobody here yet.
stats-needy-examples = { $examples ->
    [one] { $examples } picture
   *[other] { $examples } pictures
}
stats-needy-disputed = { $disputed ->
    [one] people disagree on { $disputed } face
   *[other] people disagree on { $disputed } faces
}

review-nothing = Nothing is held, and nobody disagrees.
review-held = Held votes: many new voters, one name, a few minutes
review-held-for = { $voters ->
    [one] A new voter says that
   *[other] { $voters } new voters say that
} { $faces ->
    [one] a face shows
   *[other] { $faces } faces show
} { $name }.
review-held-against = { $voters ->
    [one] A new voter says that
   *[other] { $voters } new voters say that
} { $faces ->
    [one] a face does not show
   *[other] { $faces } faces do not show
} { $name }.
review-release = Release { $number }
review-reject = Reject { $number }
review-released = They count now.
review-rejected = They will never count.
review-gone = Somebody has decided that already, or the votes are gone.
review-disputed = People disagree (a moderator's ✅, ❌ or name under the answer decides)
review-disputed-face = { $name }? { $link }
review-disputed-nobody = Who? { $link }
review-more = And { $more } more, on the web page.
review-page = The web page shows the faces, too, under “Review”.

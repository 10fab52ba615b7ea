# The words of the replies. Same keys as ja.ftl (a test checks).

no-face = I found no face in this picture.
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
part-unknown = I don't know who this is. Tell me the name and I will remember.
others = If not: { $names }
nearest = Nearest: { $names }
nearest-nobody = Nobody is enrolled yet.
caption-unknown = I don't know
sure-very = almost certain
sure-fairly = probably
sure-hardly = not sure
image-description = The face that was judged. { $words }

status-learned = Learned: { $name }
status-waiting = Waiting for 1 more: the poster or a moderator.
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

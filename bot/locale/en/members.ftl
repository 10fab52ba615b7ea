# who may do what
role-viewer = viewer
role-teacher = teacher
role-moderator = moderator
role-admin = admin

web-not-for-guests = That is done on Discord, or by those who run this page.
web-guest = You have come from Discord: here are the answers from the channels that you can read, and you can correct them. Pictures are posted on Discord, and answers are deleted there.
web-viewer = You may look at everything here. To post pictures and to correct answers, ask an admin for another role or password.
web-login-discord = Members of a Discord server type /teach there and get a link.
web-enter = You are coming in as { $name }.
web-enter-explained = The link works once. You stay signed in on this device for 7 days.
web-enter-button = Come in
web-enter-gone = This link has been used or is too old. On Discord, /teach sends you a new one.

web-members = Members
web-members-explained = Who gave one of the passwords, and what they may do. Viewers look, teachers post and correct, moderators decide and manage people, admins look after this page. Who knows a password can come in again: to keep somebody out for good, change it.
web-members-explained-guests = Who has come in by a link from Discord, and what they may do. Viewers look, teachers correct, moderators decide and manage people, admins look after this page. A role that you choose here holds until you change it, whatever their rights on Discord are. Who is put out can ask for a new link: to let somebody only look for good, make them a viewer.
web-members-open = There is no password, so everybody who can reach this page is an admin.
web-members-none = Nobody has come in yet.
web-members-saved = Saved.
web-members-visitor = Visitor { $id }
web-members-forgotten = Somebody forgotten
web-members-seen = last seen
web-members-you = This is you ({ $role }).
web-members-role = Role of { $name }
web-members-given = as they came: { $role }
web-members-save = Save
web-members-remove = Put out
web-members-self = You can't change your own role, nor put yourself out: sign out instead.
web-members-gone = That member is gone.

web-audit = What was done
web-audit-explained = The latest deeds of moderators and admins. Times are UTC.
web-audit-none = Nothing yet.
deed-named = named unknown faces
deed-merged = made two unknown people one
deed-split = took faces out of an unknown person
deed-ignored = ignored an unknown person
deed-judged = chose what is judged
deed-deleted = deleted somebody else's answer
deed-boxes-confirmed = confirmed boxes
deed-boxes-reopened = took back confirmed boxes
deed-enrolled = enrolled a picture
deed-person-renamed = renamed a person
deed-person-reading = said how a name is read
deed-released = let held votes count
deed-rejected = struck held votes out
deed-person-merged = made two people one
deed-person-removed = had a person forgotten
deed-role-viewer = made somebody a viewer
deed-role-teacher = made somebody a teacher
deed-role-moderator = made somebody a moderator
deed-role-admin = made somebody an admin
deed-role-none = gave back the role that somebody came with
deed-put-out = put somebody out
of-several = ({ $times } times)
of-person = person { $id }
of-cluster = group { $id }
of-answer = answer { $id }
of-hold = hold { $id }
of-boxes = picture { $id }
of-channel = channel { $id }

# /teach
discord-teach-description = Teach me on the page: I send you a link
discord-teach-message = Your link to the page for { $server }: { $link }
    It works once, within { $minutes } minutes, and is for you alone.
discord-teach-sent = I have sent you a link in a direct message.
discord-teach-closed = I can't write to you: allow direct messages from members of this server, then use /teach again.
discord-teach-no-page = There is no page to teach on yet: whoever runs the bot has to set web.public_url to the address at which people reach it.
discord-servers-only = That works in a server only.

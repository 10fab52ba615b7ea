# Replies on X (Twitter): short, for there are 280 characters.

x-known = { $name } ({ $percent }, { $sure })
x-known-cosplay = cosplay of { $name } ({ $percent }, { $sure })
x-maybe = { $name }? (I know them from drawings only)
x-unknown = I don't know
x-others = if not: { $names }
x-and = ; { "" }
x-score = { $head } { $value } ({ $low } to { $high }, { $likes })
x-confirm = if this is you, or somebody who agreed, and an adult, reply 🙋 and I will score the next one
x-hint-one = Wrong? Reply “this is NAME” or “none”.
x-hint-others = Wrong? Reply “2”, “this is NAME” or “none”.
x-hint-unknown = Reply “this is NAME” and I will remember.
x-hint-many = Wrong? Reply “B2”, “B NAME” or “B none”.
x-sensitive = I don't judge posts that are marked as sensitive.
x-number = No. { $number }

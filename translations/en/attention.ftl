# What needs a person: what happened, where the goods or the money are, what can be done.
attention-title = Needs attention
attention-stock-below-zero = { $name }: { $quantity } at { $location } after { $number }. More was sold than was booked in. Receive what came, or count and adjust.
attention-clock-set-back = The computer’s clock was set back: it was { $last }, then { $now }. Nothing is lost. Check date and time.
attention-rule-broken = It was recorded, but it breaks a rule ({ $code }): { $text }
attention-counted-again = This shift was counted a second time, on another copy of the till: Z{ $z_number }. The first count stands. Keep the paper of the second with it.
attention-refused = The shop server did not accept this ({ $command }, { $code }): { $text } What was here before stands. Look at it and enter it again if it is still needed.
attention-parked = This was entered on a till and cannot be carried out ({ $command }, { $code }). It is kept as it was entered; nothing else is held up. Show it to your support.
attention-kind-stock-below-zero = Sold below zero
attention-kind-clock-set-back = The clock was set back
attention-kind-rule-broken = A rule was broken
attention-kind-refused = Not accepted by the shop server
attention-kind-parked = Kept, not carried out
attention-empty = Nothing needs you
attention-empty-text = When more is sold than was booked in, or something breaks a rule, it is listed here until someone deals with it.
attention-more = and { $count } more; they come up as these are done.
attention-open-product = Open the product

# Recomputing everything from the ledgers.
verify-title = Check the books
verify-text = Every balance and total is added up again from the ledgers, and documents are compared with their lines.
verify-running = Comparing
verify-run = Check now
verify-right = All { $count } figures agree with their ledgers.
verify-wrong = Some figures are not what their ledgers say. Make a backup and ask for help before going on.
verify-rule = Rule
verify-about = Of
verify-stored = Stored
verify-ledger = Ledger

# Tills and the shop server: where what was entered is, and what comes next.
sync-title = Sync
sync-alone = Saved on this computer
sync-alone-text = This shop is alone on this computer: it is its own server. Join a shop server to sell on several tills.
sync-synced = Synced { $time }
sync-sending = Sending { $done } of { $total }
sync-sending-some = Sending
sync-offline = Offline
sync-offline-sales = { $count ->
    [one] Offline – 1 sale saved here
   *[other] Offline – { $count } sales saved here
}
sync-offline-changes = { $count ->
    [one] Offline – 1 change saved here
   *[other] Offline – { $count } changes saved here
}
sync-refused = Not taken by the server
sync-first = Getting the shop
sync-say-synced = Everything is sent and everything is here.
sync-say-sending = What was entered here is on its way to the shop server.
sync-say-offline = You can go on selling. Everything is saved on this till and goes to the shop server by itself.
sync-say-refused = You can go on selling. Everything is saved on this till, but it is not sent until this is settled.
sync-server = Shop server
sync-last-contact = Last contact
sync-data-age = Data as of
sync-never = not yet
sync-backup = Shop server backed up
sync-backup-unknown = not known yet
sync-backup-none = never on another machine; what was sent stays on this till for 30 days
sync-backup-needed = The shop server has had no backup on another machine for 30 days or ever. If its disk is lost, so is everything older than what the tills still keep. Its administrator makes one: “kontor-server backup --off-machine --to FILE”.
sync-unsent = Waiting to be answered
sync-since = Waiting since
sync-nothing-waits = Nothing waits
sync-nothing-waits-text = What you enter here is sent at once; what is on its way is listed here.
sync-waits = Saved on this till, not yet at the shop server
sync-more = and { $count } more
sync-when = Entered
sync-what = What
sync-number = Number
sync-send-now = Send now
sync-export = Save what was not sent
sync-export-text = Only the shop server can open this file. Its administrator takes it in with “kontor-server take-in”.
sync-exported = { $count ->
    [one] 1 change saved to { $path }
   *[other] { $count } changes saved to { $path }
}
sync-rows = { $count ->
    [one] 1 row so far
   *[other] { $count } rows so far
}
sync-first-text = Products, prices and stock are coming from the shop server. This is needed once; from then on this till works without it, too.
sync-join = Join a shop server
sync-join-how = Sell on several tills and computers. You need the server’s address and a code from whoever runs it.
sync-join-text = The shop server shows a code for each till: “kontor-server enrol”. It is good once, for 15 minutes.
sync-address = Address of the server
sync-address-how = For example 192.168.1.5:7443 or shop.example.com
sync-code = Code
sync-code-how = Three groups of four: ABCD-EFGH-JKMN
sync-join-now = Join
sync-joining = Joining
sync-fetching = Products and prices are coming as one file
sync-join-stopped = Stopped. Nothing was changed on this computer. The code is used up: ask for a new one to join again.
sync-compare = Is it the right server?
sync-compare-text = This server made its own certificate. The server shows the same digits beside the code. Compare them; nothing was sent yet.
sync-same = They are the same: join
sync-not-same = They differ
sync-own-stays = Your present shop stays on this computer, but its sales do not come along. To take them along, move it instead.
sync-move = Move this shop to a shop server
sync-move-text = Everything comes along: products, stock, sales, numbers. This shop’s file stays here untouched, as a backup.
sync-move-1 = Stop selling here, then save the shop’s file.
sync-move-2 = At the server: “kontor-server adopt” with that file, then start it.
sync-move-3 = At the server: “kontor-server enrol --till 1”. Then join here with that code.
sync-move-note = If something was sold after the file was saved, joining is refused and nothing changes: begin again with a new file.
sync-save-file = Save the shop’s file
sync-joined-text = This till keeps its own copy and works without the server, too. What is entered here is sent by itself.
sync-rejoin = Join again with a new code
sync-rejoin-text = When the server no longer takes this till, or has another address. What was not sent stays here and goes up then.
sync-open = Open sync
sync-leave = Leave the shop server
sync-leave-text = This till stops selling for the shop. Its copy stays on this computer under another name. The server keeps everything that was sent.
sync-leave-yes = Leave
sync-leave-unsent = { $count ->
    [one] 1 change is not at the shop server yet. It is saved first, to a file that only the server can open. Without that file it would be lost.
   *[other] { $count } changes are not at the shop server yet. They are saved first, to a file that only the server can open. Without that file they would be lost.
}
sync-leave-save = Save the file and leave

# What commands are called where they wait.
command-settings-found = Shop started
command-settings-change-company = Shop changed
command-settings-change-till = Till changed
command-settings-add-till = Till added
command-settings-add-warehouse = Warehouse added
command-catalog-create-product = New product
command-catalog-edit-product = Product changed
command-catalog-create-category = New category
command-catalog-edit-category = Category changed
command-catalog-create-tax = New tax class
command-catalog-edit-tax = Tax class changed
command-catalog-import = Products imported
command-catalog-revert-import = Import undone
command-catalog-add-image = Picture added
command-catalog-remove-image = Picture removed
command-stock-receive = Goods received
command-stock-adjust = Stock adjusted
command-counter-open-shift = Shift opened
command-counter-cash-in = Cash put in
command-counter-cash-out = Cash taken out
command-counter-close-shift = Shift closed
command-counter-sell = Sale
command-counter-refund = Refund
command-counter-park = Sale parked
command-counter-unpark = Parked sale taken up
command-counter-open-drawer = Drawer opened
command-printing-set-printer = Printer changed
command-printing-reprint = Printed again
command-printing-save-paper = Saved as a PDF
command-printing-print-shift = Shift report printed
command-printing-report = Paper came out or not
command-printing-retry = Printed once more
command-printing-cancel = Not to be printed any more
command-attention-resolve = Item settled
command-attention-held-back = What a shut-out till sent was counted
command-unreadable = Unreadable entry

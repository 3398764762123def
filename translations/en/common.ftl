# What many screens say, and the words of small enums.
app-name = Kontor
language-en = English
language-zh-hant = 繁體中文
language-zh-hans = 简体中文

common-ok = OK
common-cancel = Cancel
common-save = Save
common-saved = Saved
common-close = Close
common-back = Back
common-next = Next
common-done = Done
common-yes = Yes
common-no = No
common-add = Add
common-edit = Edit
common-delete = Delete
common-remove = Remove
common-archive = Archive
common-restore = Restore
common-undo = Undo
common-search = Search
common-clear = Clear
common-print = Print
common-retry = Try again
common-more = More
common-all = All
common-none = None
common-loading = Loading…
common-optional = optional
common-required = required
common-today = Today
common-yesterday = Yesterday
common-copy = Copy
common-open = Open
common-choose-file = Choose a file
common-no-match = Nothing found for “{ $text }”
common-count-of = { $done } of { $total }
common-items = { $count ->
    [one] { $count } item
   *[other] { $count } items
}

# Units of goods. A unit a shop made up itself is shown as it was written.
unit-pcs = pcs
unit-kg = kg
unit-g = g
unit-l = l
unit-ml = ml
unit-m = m
unit-cm = cm
unit-box = box
unit-case = case
unit-pack = pack
unit-bag = bag
unit-bottle = bottle
unit-can = can
unit-pair = pair
unit-set = set
unit-dozen = dozen
unit-hour = h

theme-system = As the system
theme-light = Light
theme-dark = Dark
density-comfortable = Comfortable
density-compact = Compact

# Months and weekdays, for dates.
month-1 = Jan
month-2 = Feb
month-3 = Mar
month-4 = Apr
month-5 = May
month-6 = Jun
month-7 = Jul
month-8 = Aug
month-9 = Sep
month-10 = Oct
month-11 = Nov
month-12 = Dec
weekday-1 = Mon
weekday-2 = Tue
weekday-3 = Wed
weekday-4 = Thu
weekday-5 = Fri
weekday-6 = Sat
weekday-7 = Sun

# What a person may do.
permission-settings-read = see the settings
permission-settings-edit = change the settings
permission-company-found = start a shop
permission-catalog-read = see products
permission-catalog-edit = change products
permission-catalog-import = import products
permission-catalog-manage = change categories and taxes
permission-stock-read = see stock
permission-stock-receive = receive goods
permission-stock-adjust = adjust stock
permission-shift-read = see shifts
permission-shift-manage = open and close shifts
permission-shift-cash = put cash in or take it out
permission-counter-sell = sell
permission-counter-refund = give refunds
permission-counter-drawer = open the drawer
permission-sales-read = see sales
permission-ledger-read = see the ledgers
permission-printing-read = see printers
permission-printing-print = print
permission-printing-manage = set up printers
permission-attention-read = see what needs attention
permission-attention-resolve = settle what needs attention
permission-reports-read = see reports
common-stop = Stop
common-apply = Apply
screen-counter = Counter
screen-shift = Shift
screen-sales = Sales
screen-products = Products
screen-stock = Stock
screen-today = Today
screen-settings = Settings
shell-screens = Screens
shell-find = Find anything
shell-find-what = Products, sales, screens, actions
shell-saved-here = Saved on this computer
shell-till = Till { $number }
shell-demo = Demo shop
shell-attention = { $count ->
    [one] 1 needs attention
   *[other] { $count } need attention
}
problem-title = The shop’s file cannot be opened
problem-safe = Nothing was changed. What was saved is still in the file.
print-failed = { $printer }: { $error } Everything is saved; print it again later.
scan-not-here = { $code } was scanned, but nothing takes it here.
action-key-map = Key map
action-quantity = Quantity
action-discount = Discount or price
action-search = Search
action-palette = Find anything
action-park = Park the sale
action-recall = Recall a parked sale
action-customer = Customer, tax ID
action-pay = Pay
action-exact-cash = Exact cash, done
action-drawer = Open the drawer (logged)
action-last-receipt = Last receipt again
action-remove-line = Remove the line
action-new = New
action-times = Quantity before a scan
action-lines = Choose a line
action-back = One step back, never voids a sale
action-tender = Way to pay, on the pay sheet
action-finish = Finish

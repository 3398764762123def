# Stock: places, moves, documents.
stock-title = Stock
location-kind-shelf = Shelf
location-kind-dock = Dock
location-kind-sorting = Sorting
location-kind-packing = Packing
location-kind-staging = Staging
location-kind-damaged = Damaged
location-kind-returns = Returns
location-kind-till = Till
location-kind-supplier = Supplier
location-kind-customer = Customer
location-kind-adjustment = Adjustment
location-kind-scrap = Scrap
location-kind-in-transit = In transit
reason-sale = Sold
reason-refund = Brought back
reason-receipt = Received
reason-damaged = Damaged
reason-expired = Expired
reason-lost = Lost
reason-found = Found
reason-counted = Counted
reason-own-use = Own use
reason-other = Other
reason-revaluation = Revaluation
stock-document-receipt = Goods received
stock-document-adjustment = Adjustment
stock-from-to = From → to
stock-value = Value
stock-balances = On hand
stock-moves = Moves
stock-documents = Documents
stock-receive = Receive
stock-adjust = Adjust
stock-search = Name, code, barcode
stock-location = Location
stock-every-location = Every location
stock-only-low = Below threshold
stock-product = Product
stock-code = Code
stock-average-cost = Average cost
stock-empty = Nothing in stock yet
stock-empty-text = Goods come in with a receipt: scan them, enter how many and what they cost.
stock-no-match = Nothing fits
stock-no-match-text = Nothing in stock fits all of these together.
stock-not-only = Not only { $name }
stock-no-moves = No moves yet
stock-no-moves-text = Every receipt, sale, refund and adjustment leaves a line here that is never changed.
stock-lines-count = { $count } lines
stock-reason = Reason
stock-document = Document
stock-person = By
stock-kind = Kind
stock-no-documents = No receipts or adjustments yet
stock-no-documents-text = Goods that came in and differences that were found are listed here.
stock-pick = Name, code, barcode
stock-pick-hint = Scan, or type and press Enter. Scanning again counts up.
stock-found = Found products
stock-unknown-code = { $code } is not known.
stock-written = { $number } is recorded. Stock is up to date.
stock-receive-empty = Scan what came in
stock-receive-empty-text = Or search for it above. The last cost is filled in. What you enter stays here while you look at other screens.
stock-unit-cost = Unit cost
stock-remove-line = Remove this line
stock-to-location = To location
stock-supplier-note = Supplier’s delivery note
stock-cost-sum = Cost without tax
stock-receive-now = { $count ->
    [0] Receive
    [one] Receive one line
   *[other] Receive { $count } lines
}
stock-adjust-empty = Scan what differs
stock-adjust-empty-text = Then enter the difference: −2 when two are missing, 3 when three were found.
stock-difference = Difference
stock-then = Now → then
stock-at-location = At location
stock-why = Note
stock-adjust-now = { $count ->
    [0] Adjust
    [one] Adjust one line
   *[other] Adjust { $count } lines
}
stock-pick-hint-adjust = Scan, or type and press Enter.

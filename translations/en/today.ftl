# The day in figures.
today-title = Today
today-day-before = The day before
today-day-after = The day after
today-other = Day
today-empty = No sales on this day
today-empty-text = Figures, hours and best sellers appear with the first sale.
today-by-hour = Sales by hour
today-hour = { $hour }: { $amount }, { $count } sales
today-sales = Sales
today-number = Number of sales
today-items = Items sold
today-average = Average sale
today-refunds = { $count ->
    [one] and one refund
   *[other] and { $count } refunds
}
today-week-before = { $change } on last week ({ $amount })
today-no-week-before = nothing sold a week before
today-tenders = Paid by
today-tax = Tax in it
today-discount = Discounts
today-refunded = Given back
today-top = Best sellers

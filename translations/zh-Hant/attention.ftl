# What needs a person: what happened, where the goods or the money are, what can be done.
attention-title = 待處理
attention-stock-below-zero = { $name }：{ $number } 之後，{ $location } 的庫存為 { $quantity }。售出數量多於帳上庫存，請補登進貨，或盤點後調整。
attention-clock-set-back = 電腦時間被調回：原為 { $last }，變成 { $now }。資料沒有遺失，請檢查日期與時間。
attention-rule-broken = 已記錄，但不符合規則（{ $code }）：{ $text }
attention-counted-again = 此班次在該收銀機的另一份副本上又點清了一次：Z{ $z_number }。以第一次點清為準。請將第二次的單據一併保存。
attention-refused = 商店伺服器沒有接受這項操作（{ $command }，{ $code }）：{ $text }原有資料不變。請查看後，如仍需要請重新輸入。
attention-parked = 在收銀機輸入的這項操作無法執行（{ $command }，{ $code }）。內容已原樣保存，其他資料不受影響。請交給技術支援查看。
attention-kind-stock-below-zero = 庫存賣成負數
attention-kind-clock-set-back = 電腦時間被調回
attention-kind-rule-broken = 有紀錄不符規則
attention-kind-refused = 商店伺服器未接受
attention-kind-parked = 已保存，未執行
attention-empty = 沒有待處理事項
attention-empty-text = 當售出多於帳上庫存，或有紀錄不符規則時，會列在這裡直到有人處理。
attention-more = 另有 { $count } 項，處理後會依序顯示。
attention-open-product = 查看商品

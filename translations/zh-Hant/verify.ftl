# Recomputing everything from the ledgers.
verify-title = 核對帳目
verify-text = 從帳簿重新計算每項結餘與合計，並逐列核對單據。
verify-running = 核對中
verify-run = 立即核對
verify-right = 全部 { $count } 個數字都與帳簿相符。
verify-wrong = 有數字與帳簿不符。請先備份並尋求協助，再繼續使用。
verify-rule = 規則
verify-about = 對象
verify-stored = 儲存值
verify-ledger = 帳簿值

# Recomputing everything from the ledgers.
verify-title = 核对账目
verify-text = 从账簿重新计算每项结余与合计，并逐行核对单据。
verify-running = 核对中
verify-run = 立即核对
verify-right = 全部 { $count } 个数字都与账簿相符。
verify-wrong = 有数字与账簿不符。请先备份并寻求帮助，再继续使用。
verify-rule = 规则
verify-about = 对象
verify-stored = 存储值
verify-ledger = 账簿值

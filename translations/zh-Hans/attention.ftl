# What needs a person: what happened, where the goods or the money are, what can be done.
attention-title = 待处理
attention-stock-below-zero = { $name }：{ $number } 之后，{ $location } 的库存为 { $quantity }。售出数量多于账面库存，请补录入库，或盘点后调整。
attention-clock-set-back = 电脑时间被调回：原为 { $last }，变成 { $now }。数据没有丢失，请检查日期和时间。
attention-rule-broken = 已记录，但不符合规则（{ $code }）：{ $text }
attention-counted-again = 此班次在该收银机的另一份副本上又点清了一次：Z{ $z_number }。以第一次点清为准。请将第二次的单据一并保存。
attention-refused = 店铺服务器没有接受这项操作（{ $command }，{ $code }）：{ $text }原有数据不变。请查看后，如仍需要请重新输入。
attention-parked = 在收银机输入的这项操作无法执行（{ $command }，{ $code }）。内容已原样保存，其他数据不受影响。请交给技术支持查看。
attention-kind-stock-below-zero = 库存卖成负数
attention-kind-clock-set-back = 电脑时间被调回
attention-kind-rule-broken = 有记录不符规则
attention-kind-refused = 店铺服务器未接受
attention-kind-parked = 已保存，未执行
attention-empty = 没有待处理事项
attention-empty-text = 当售出多于账面库存，或有记录不符规则时，会列在这里直到有人处理。
attention-more = 另有 { $count } 项，处理后会依次显示。
attention-open-product = 查看商品

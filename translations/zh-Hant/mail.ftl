# 信件。
mail-test-subject = Kontor 的信件可以送達
mail-test-body = 這封信用來測試郵件伺服器，不需要任何處理。
mail-reset-subject = 重新設定您的密碼
mail-reset-body =
    { $name } 您好：

    有人為您要求重新設定密碼。請在 { $minutes } 分鐘內開啟以下網址並設定新密碼：

    { $link }

    此網址只能使用一次。若不是您本人，無需理會，您的密碼不會變更。

# 信件。
mail-test-subject = Kontor 的信件可以送达
mail-test-body = 这封信用来测试邮件服务器，无需任何操作。
mail-reset-subject = 重新设置您的密码
mail-reset-body =
    { $name }，您好：

    有人为您申请重新设置密码。请在 { $minutes } 分钟内打开以下网址并设置新密码：

    { $link }

    此网址只能使用一次。如果不是您本人，无需理会，您的密码不会更改。

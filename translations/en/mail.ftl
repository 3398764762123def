# Letters.
mail-test-subject = Letters from Kontor arrive
mail-test-body = This letter was sent to try out the mail server. Nothing needs to be done.
mail-reset-subject = Set your password anew
mail-reset-body =
    Hello { $name },

    somebody asked for a new password for you. Open this address within { $minutes } minutes and choose one:

    { $link }

    It works once. If it was not you, nothing has to be done: your password stays as it is.

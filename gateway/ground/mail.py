"""One mail, over SMTP."""

import smtplib
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

from gateway.ground.connecting import tls_context

TIMEOUT_SECONDS: Final = 10.0


def post_mail(server: str, message: EmailMessage) -> None:
    """Hand a mail to `smtp[s]://[user:password@]host[:port]`; blocks.

    TLS is used wherever it is offered; a password is sent in no other way. Raises OSError, its kind smtplib's.
    """
    url = urlsplit(server)
    host = url.hostname or ""
    if url.scheme == "smtps":
        opened: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=TIMEOUT_SECONDS, context=tls_context())
    else:
        opened = smtplib.SMTP(host, url.port or 25, timeout=TIMEOUT_SECONDS)
    with opened as session:
        session.ehlo()
        is_private = url.scheme == "smtps"
        if not is_private and session.has_extn("starttls"):
            session.starttls(context=tls_context())
            session.ehlo()
            is_private = True
        if url.username:
            if not is_private:
                raise smtplib.SMTPNotSupportedError("the server offers no TLS: the password is not sent")
            session.login(unquote(url.username), unquote(url.password or ""))
        session.send_message(message)

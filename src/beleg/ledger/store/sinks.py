"""Where checkpoints go off the host, beyond whoever rewrites the store: a file on another disk, a mailbox, a web address."""

import os
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

Sink = Callable[[str], None]

_SECONDS = 20.0


def sink(address: str) -> Sink:
    """What sends a checkpoint to this address.

    Args:
        address: ``file:///mnt/far/checkpoints.txt`` (appended to); ``smtp://user:password@host:587/?from=a@b&to=c@d`` (``smtps``
            for encryption from the first byte); ``https://host/path`` (the note is posted as text).

    Raises:
        ValueError: the address is of none of these kinds, or lacks a part.
    """
    parts = urlsplit(address)
    if parts.scheme == "file":
        return lambda note: _append(Path(unquote(parts.path)), note)
    if parts.scheme in {"smtp", "smtps"}:
        named = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if not {"from", "to"} <= named.keys() or not parts.hostname:
            raise ValueError(f"sink: {parts.scheme}://{parts.hostname or ''} needs a host and ?from=...&to=...")
        return lambda note: _mail(address, named["from"], named["to"], note)
    if parts.scheme in {"http", "https"}:
        return lambda note: _post(address, note)
    raise ValueError(
        f"sink: got {parts.scheme or address!r}, expected an address that begins with file://, smtp(s):// or http(s)://"
    )


def _append(path: Path, note: str) -> None:
    """A note is text; the next one begins after an empty line."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, f"{note}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)


def _mail(address: str, sender: str, to: str, note: str) -> None:
    parts = urlsplit(address)
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, f"Checkpoint of {note.partition(chr(10))[0]}"
    message.set_content(note, cte="8bit")
    encrypted = parts.scheme == "smtps"
    opened: smtplib.SMTP = (
        smtplib.SMTP_SSL(parts.hostname or "", parts.port or 465, timeout=_SECONDS, context=ssl.create_default_context())
        if encrypted
        else smtplib.SMTP(parts.hostname or "", parts.port or 587, timeout=_SECONDS)
    )
    with opened as server:
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


def _post(address: str, note: str) -> None:
    try:
        httpx.post(
            address, content=note, headers={"Content-Type": "text/plain; charset=utf-8"}, timeout=_SECONDS
        ).raise_for_status()
    except httpx.HTTPError as failed:
        raise OSError(str(failed)) from failed

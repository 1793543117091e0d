"""How a slice is named: the order, the line, and the thread (return, claim, refund or dispute) that asks for money back."""


def slice_id(order_id: str | None, line_id: str | None, thread: str) -> str:
    """The id of a slice; the thread is the RMA, else the claim, else the refund or dispute that has neither.

    A part that is not known stays empty, as in ``"//R-7"``: a refund that names no order.
    """
    return f"{order_id or ''}/{line_id or ''}/{thread}"

"""Who the token belongs to: one invented person with one account.

References
----------
``user/profile``: reference/tradier.md §6 and the vendor's documentation, whose persona this is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantdata.sim.tradier.answers import Answer

if TYPE_CHECKING:
    from quantdata.sim.tradier.request import Request

__all__ = ["profile"]


def profile(_: Request) -> Answer:
    """Answer the user and the account; one account is an object."""
    account = {
        "account_number": "VA000001",
        "classification": "individual",
        "date_created": "2016-08-01T21:08:55.000Z",
        "day_trader": False,
        "option_level": 6,
        "status": "active",
        "type": "margin",
        "last_update_date": "2016-08-01T21:08:55.000Z",
    }
    return Answer(whole={"profile": {"account": account, "id": "id-gcostanza", "name": "George Costanza"}})

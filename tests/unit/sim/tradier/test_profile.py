from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_one_person_has_one_account(ask: Callable[..., Any], fixtures_dir: Path) -> None:
    documented = fixtures_dir / "tradier" / "client" / "profile_single_account_object.json"
    assert ask("/v1/user/profile") == msgspec.json.decode(documented.read_bytes())

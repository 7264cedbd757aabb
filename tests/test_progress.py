"""Progress, as the rooms below know it."""

from __future__ import annotations

import pytest

from vddkctl.progress import Silent, Stoppable


def test_work_ends_at_its_next_sign_of_life_after_a_stop() -> None:
    stoppable = Stoppable(Silent())
    with stoppable.task("read", 10) as task:
        task.advance(1)
        stoppable.stop()
        with pytest.raises(KeyboardInterrupt):
            task.advance(1)

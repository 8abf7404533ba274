"""Doing several slow things at once, where the first that fails ends the others."""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait


def together(tasks: Iterable[Callable[[], object]], *, give_up: Callable[[], None] = lambda: None) -> None:
    """Run all tasks in threads of their own and return when all have ended.

    On the first exception (or an interruption of the caller) ``give_up`` is called, again and again, until every task has returned:
    it should make them fail. Then that exception is raised.
    """
    waiting = list(tasks)
    if not waiting:
        return
    with ThreadPoolExecutor(max_workers=len(waiting)) as pool:
        started = [pool.submit(task) for task in waiting]
        try:
            done, _ = wait(started, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
        except BaseException:
            give_up()
            while wait(started, timeout=0.2).not_done:
                give_up()
            raise

"""The one background event loop: it owns every socket, limiter and cache, whoever calls.

The thread starts with the first call, never on import, ends with the process and starts anew in a forked child. A
call submits a coroutine and waits, so that scripts, threads and notebook cells all use the same code; nothing here
touches the caller's own event loop, except `run`, which is asked to.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import selectors
import threading
from concurrent.futures import CancelledError, wait
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

__all__ = [
    "call",
    "from_any_loop",
    "generation",
    "is_here",
    "is_running",
    "run",
    "say_goodbye",
    "spawn",
    "to_the_end",
    "was_forked",
]

T = TypeVar("T")

LONGEST_WAIT_S: Final = 0.1
LONGEST_GOODBYE_S: Final = 1.0
GOODBYE: Final = "quantdata-goodbye"


class _Portal:
    """A running event loop on a thread of its own.

    ``loop`` is None until the first call and again after `stop`; ``generation`` counts the loops there have been, so
    that whoever holds a socket can tell that its loop is gone (after a fork).
    """

    def __init__(self) -> None:
        self.generation = 0
        self._reset()

    def _reset(self) -> None:
        self.generation += 1
        # Re-entrant: a client that is collected while the loop is asked for asks for it too, to hang up.
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.has_ended = False

    def forget(self) -> None:
        """Drop a loop whose thread did not survive a fork; the child makes its own on its next call."""
        loop = self._loop
        if loop is not None and hasattr(loop, "_selector"):
            # The kernel's list of sockets is the parent's too: what is collected here must not take any off it, nor
            # complain that the parent's connections are open.
            loop._selector = selectors.DefaultSelector()  # noqa: SLF001  # asyncio has no other way
            loop.set_exception_handler(lambda *_: None)
        self._reset()

    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the running loop, starting its thread when there is none."""
        with self._lock:
            if self._loop is None:
                started = threading.Event()
                loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_serve, args=(loop, started), name="quantdata-portal", daemon=True
                )
                self._thread.start()
                started.wait()
                self._loop = loop
            return self._loop

    def is_running(self) -> bool:
        """Tell whether there is a loop."""
        return self._loop is not None

    def is_here(self) -> bool:
        """Tell whether the caller is the portal's own thread."""
        return threading.current_thread() is self._thread

    def stop(self) -> None:
        """Cancel what still runs and end the thread; called once, when the interpreter exits."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
            self.has_ended = True
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(timeout=2.0)


def _serve(loop: asyncio.AbstractEventLoop, started: threading.Event) -> None:
    asyncio.set_event_loop(loop)
    loop.call_soon(started.set)
    _run_until_stopped(loop)
    tasks = asyncio.all_tasks(loop)
    goodbyes = [task for task in tasks if task.get_name() == GOODBYE]
    if goodbyes:
        loop.run_until_complete(asyncio.wait(goodbyes, timeout=LONGEST_GOODBYE_S))
    for task in tasks:
        task.cancel()
    if tasks:
        # Nothing to gather: it would ask the policy for a loop, and a library may have set its own since (uvloop).
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def _run_until_stopped(loop: asyncio.AbstractEventLoop) -> None:
    while True:
        try:
            loop.run_forever()
        except KeyboardInterrupt:
            # Polars raises it in whichever thread is at work in it when Ctrl-C is pressed, and asyncio lets it through;
            # the caller who pressed has been told by then, and all others need the loop.
            continue
        return


_portal = _Portal()
# A loop holds its tasks weakly; nobody else holds these.
_goodbyes: Final[set[asyncio.Task[None]]] = set()
atexit.register(_portal.stop)
if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_portal.forget)


def generation() -> int:
    """Return a number that changes when the loop does (in a forked child)."""
    return _portal.generation


def was_forked() -> bool:
    """Tell whether this process was forked from one that had imported this."""
    return _portal.generation > 1


def is_running() -> bool:
    """Tell whether the portal's loop runs: it has been used, and the process has not come to its end."""
    return _portal.is_running()


def is_here() -> bool:
    """Tell whether the caller is on the portal's own thread."""
    return _portal.is_here()


def spawn(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Start a coroutine on the portal's loop and return its future at once."""
    return asyncio.run_coroutine_threadsafe(coroutine, _portal.loop())


def say_goodbye(coroutine: Coroutine[Any, Any, None]) -> None:
    """Start a coroutine that closes something, and do not wait; the end of the process does, for a moment."""
    loop = _portal.loop()

    loop.call_soon_threadsafe(_goodbye, coroutine)


async def to_the_end(coroutine: Coroutine[Any, Any, None]) -> None:
    """Await a coroutine that closes something; it goes on even when the one who waits is called off."""
    await asyncio.shield(_goodbye(coroutine))


def _goodbye(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.get_running_loop().create_task(coroutine, name=GOODBYE)
    _goodbyes.add(task)
    task.add_done_callback(_goodbyes.discard)
    return task


def call(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the portal's loop and wait for its result.

    Ctrl-C cancels the coroutine before `KeyboardInterrupt` goes on to the caller, so that nothing is left running.
    Works inside a running event loop too (it blocks that loop, as any sync call does).

    Raises
    ------
    RuntimeError
        If called on the portal's own thread, which would wait for itself: await the async client there.
    """
    if _portal.is_here():
        coroutine.close()
        raise RuntimeError("a sync call on quantdata's own event loop would wait for itself: await AsyncClient instead")
    future = spawn(coroutine)
    try:
        # In short waits: Polars' own signal handler makes the system resume a long one, and Ctrl-C would go unheard.
        while not future.done():
            wait((future,), timeout=LONGEST_WAIT_S)
        return future.result()
    except CancelledError:
        if _portal.has_ended and threading.current_thread().daemon:
            threading.Event().wait()  # the process is ending, and this thread with it: nothing to report
        raise
    except BaseException:
        future.cancel()
        raise


async def from_any_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    """Await a coroutine that runs on the portal's loop from whichever loop is running here."""
    return await asyncio.wrap_future(spawn(coroutine))


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to completion from any cell or script, and return its result.

    Without a running event loop this is `asyncio.run`. Inside one (a notebook cell) it nests on that loop, so that
    the kernel stays alive while it waits.

    Parameters
    ----------
    coroutine
        Any coroutine of yours, as in ``qd.run(main())``.

    Examples
    --------
    >>> import asyncio, quantdata as qd
    >>> qd.run(asyncio.sleep(0, result="done"))
    'done'
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    import nest_asyncio2  # noqa: PLC0415  # patches asyncio, so only when asked to

    nest_asyncio2.apply(loop)
    return loop.run_until_complete(coroutine)

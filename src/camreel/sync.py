"""The library for scripts without an event loop: ``from camreel import sync``.

Each call is that of :mod:`camreel` by the same name, run in an event loop in a thread of its own: the same arguments,
results and errors. A ``session`` of aiohttp belongs to the event loop of whoever made it, and cannot be given here.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from functools import partial, update_wrapper
from typing import Any, Concatenate, ParamSpec, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from camreel.api import camera as live
from camreel.api import export as export_api
from camreel.errors import UsageError
from camreel.model import Address, DeviceInfo

__all__ = ["Camera", "connect", "export"]

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


def _twin(
    method: Callable[Concatenate[live.Camera, _Given], Coroutine[Any, Any, _Result]],
) -> Callable[Concatenate[Camera, _Given], _Result]:
    """The same method of the camera that waits for it."""

    def call(self: Camera, /, *given: _Given.args, **named: _Given.kwargs) -> _Result:
        result: _Result = self._portal.call(partial(method, self._live, *given, **named))
        return result

    return update_wrapper(call, method)


class Camera:
    """A camera that is logged in to: :class:`camreel.Camera`, whose calls wait. May be used from several threads."""

    def __init__(self, portal: BlockingPortal, camera: live.Camera) -> None:
        self._portal = portal
        self._live = camera

    def __repr__(self) -> str:
        return f"<camreel.sync.Camera {self.address}>"

    @property
    def address(self) -> Address:
        """Where it is."""
        return self._live.address

    @property
    def device(self) -> DeviceInfo:
        """Who it says it is."""
        return self._live.device

    @property
    def titles(self) -> Mapping[int, str]:
        """Its channels' titles by number, from 1."""
        return self._live.titles

    clock = _twin(live.Camera.clock)
    recordings = _twin(live.Camera.recordings)
    download = _twin(live.Camera.download)


def _connecting(
    make: Callable[_Given, AbstractAsyncContextManager[live.Camera]],
) -> Callable[_Given, AbstractContextManager[Camera]]:
    @contextmanager
    def entered(*given: _Given.args, **named: _Given.kwargs) -> Iterator[Camera]:
        _no_session(named)
        with start_blocking_portal() as portal, portal.wrap_async_context_manager(make(*given, **named)) as camera:
            yield Camera(portal, camera)

    return update_wrapper(entered, make)


def _alone(function: Callable[_Given, Coroutine[Any, Any, _Result]]) -> Callable[_Given, _Result]:
    def call(*given: _Given.args, **named: _Given.kwargs) -> _Result:
        _no_session(named)
        with start_blocking_portal() as portal:
            result: _Result = portal.call(partial(function, *given, **named))
        return result

    return update_wrapper(call, function)


def _no_session(named: Mapping[str, object]) -> None:
    if named.get("session") is not None:
        raise UsageError("An aiohttp session belongs to its own event loop, which camreel.sync does not run in.")


connect = _connecting(live.connect)
export = _alone(export_api.export)

"""What Amcrest and Dahua cameras recorded, in Home Assistant: an example, see README.md beside it.

A media source shows the recordings; the action `camreel.export` makes one video of a time range.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.aiohttp_client import async_get_clientsession

import camreel

DOMAIN = "camreel"
EXPORT = vol.Schema({vol.Required("camera"): str, vol.Required("start"): str, vol.Required("end"): str})


async def async_setup(hass: HomeAssistant, config: dict[str, Any]) -> bool:
    """Keep the cameras of configuration.yaml, and offer the action."""
    cameras: dict[str, dict[str, Any]] = config.get(DOMAIN) or {}
    hass.data[DOMAIN] = cameras
    one_at_a_time = asyncio.Lock()  # cameras are slow, and so may be the computer

    async def export(call: ServiceCall) -> ServiceResponse:
        async with one_at_a_time:
            return await _export(hass, cameras, call.data)

    hass.services.async_register(DOMAIN, "export", export, schema=EXPORT, supports_response=SupportsResponse.OPTIONAL)
    return True


async def _export(hass: HomeAssistant, cameras: dict[str, dict[str, Any]], given: dict[str, Any]) -> ServiceResponse:
    """Make the video, and return where it is, whether it is complete, and the report."""
    name = given["camera"]
    if name not in cameras:
        raise HomeAssistantError(f"There is no camera {name!r} in configuration.yaml.")
    camera, folder = cameras[name], Path(hass.config.media_dirs["local"]) / DOMAIN / "exports"
    try:
        start, end = (camreel.WallTime(datetime.fromisoformat(given[key])) for key in ("start", "end"))
        file = folder / f"{name}_{start.naive:%Y-%m-%d_%H.%M.%S}_to_{end.naive:%Y-%m-%d_%H.%M.%S}.mp4"
        request = camreel.request(camera["host"], camera["username"], start, end, output=file)
        report = await camreel.export(request, camera["password"], session=async_get_clientsession(hass))
    except (camreel.CamreelError, ValueError) as error:
        raise HomeAssistantError(f"{error} {getattr(error, 'hint', None) or ''}".strip()) from error
    return {
        "path": report.outputs[0].path,
        "status": report.status,
        "exit_code": report.exit_code,
        "report": camreel.report_json(report),
    }

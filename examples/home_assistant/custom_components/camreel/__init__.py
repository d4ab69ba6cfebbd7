"""What Amcrest and Dahua cameras recorded, in Home Assistant's media browser: an example, see README.md beside it."""

from __future__ import annotations

from typing import Any

from homeassistant.core import HomeAssistant

DOMAIN = "camreel"


async def async_setup(hass: HomeAssistant, config: dict[str, Any]) -> bool:
    """Keep the cameras of configuration.yaml for the media source."""
    hass.data[DOMAIN] = config.get(DOMAIN) or {}
    return True

"""Identity, clock, channels, storage and configuration, as a device reports them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from camreel_simulator.device.replies import Writing
from camreel_simulator.http.message import BAD_REQUEST, NOT_IMPLEMENTED, DeviceAnswer, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from camreel_simulator.device.clock import DeviceClock
    from camreel_simulator.device.profiles import Profile
    from camreel_simulator.device.quirks import Quirks

_NO_RIGHT = '{"error":{"code":403,"message":"Authority:check failure."},"result":false}'


class Facts:
    """The answers that need nothing but the profile and the clock."""

    def __init__(self, profile: Profile, quirks: Quirks, clock: DeviceClock) -> None:
        self._profile, self._quirks, self._clock = profile, quirks, clock
        self._write = Writing(quirks)
        self._facts: dict[tuple[str, str], Callable[[Mapping[str, str]], tuple[str, ...] | None]] = {
            ("global", "getCurrentTime"): lambda _: (f"result={self._write.moment(clock.now(), names_noon=False)}",),
            ("magicBox", "getDeviceType"): lambda _: (f"type={profile.device_type}",),
            ("magicBox", "getSerialNo"): lambda _: (f"sn={profile.serial}",),
            ("magicBox", "getMachineName"): lambda _: (f"name={profile.machine_name}",),
            ("magicBox", "getSoftwareVersion"): lambda _: (f"version={profile.software_version}",),
            ("magicBox", "getVendor"): lambda _: None if profile.vendor is None else (f"vendor={profile.vendor}",),
            ("magicBox", "getSystemInfo"): lambda _: self._system_info(),
            ("magicBox", "getProductDefinition"): self._definition,
            ("storageDevice", "getDeviceAllInfo"): lambda _: profile.storage or None,
            ("LogicDeviceManager", "getCameraState"): self._camera_states,
        }

    @property
    def unknown(self) -> DeviceAnswer:
        """The answer to what this firmware does not know."""
        return NOT_IMPLEMENTED if self._quirks.unknown_is_501 else BAD_REQUEST

    def tell(self, path: str, query: Mapping[str, str]) -> DeviceAnswer:
        """The answer to one question."""
        action = query.get("action", "")
        name = path.removeprefix("/cgi-bin/").removesuffix(".cgi")
        if (name, action) == ("configManager", "getConfig"):
            return self._config(query.get("name", ""))
        if name == "magicBox" and self._quirks.magic_box != "there":
            is_page = self._quirks.magic_box == "page"
            return text("<html>Welcome</html>", 200) if is_page else text("", int(self._quirks.magic_box))
        fact = self._facts.get((name, action))
        if fact is None or (name == "LogicDeviceManager" and not self._profile.camera_states):
            return self.unknown
        rows = fact(query)
        return BAD_REQUEST if rows is None else self._write.rows(*rows)

    def _system_info(self) -> tuple[str, ...]:
        facts = {"deviceType": self._profile.device_type, "serialNumber": self._profile.serial}
        facts |= dict(self._profile.system_info)
        return tuple(f"{key}={value}" for key, value in sorted(facts.items()))

    def _definition(self, query: Mapping[str, str]) -> tuple[str, ...] | None:
        name = query.get("name", "")
        value = dict(self._profile.definitions).get(name)
        return None if value is None else (f"table.{name}={value}",)

    def _camera_states(self, query: Mapping[str, str]) -> tuple[str, ...] | None:
        """``uniqueChannels[0]=-1`` asks for all; channels count from 0 here."""
        asked = query.get("uniqueChannels[0]", "")
        channels = [str(channel) for channel in range(self._profile.channels)]
        if asked != "-1":
            channels = [channel for channel in channels if channel == asked]
        states = []
        for index, channel in enumerate(channels):
            away = int(channel) + 1 in self._profile.offline
            states.append(f"states[{index}].channel={channel}")
            states.append(f"states[{index}].connectionState={'Unconnect' if away else 'Connected'}")
        return tuple(states) or None

    def _config(self, name: str) -> DeviceAnswer:
        made_up: dict[str, Callable[[], tuple[str, ...]]] = {
            "General": self._general,
            "NTP": self._ntp,
            "Locales": self._locales,
            "ChannelTitle": self._titles,
        }
        if self._profile.lists_configs:
            made_up |= {"Encode": self._encode, "RecordMode": self._record_modes}
        rows = self._profile.configs.get(name)
        if rows is None and name in made_up:
            rows = made_up[name]()
        if rows is not None:
            return self._write.rows(*(f"table.{row}" for row in rows))
        if self._profile.unknown_config == "text":
            return text(f"Error: Error -1 getting param in name={name}")
        return text(_NO_RIGHT, 403) if self._profile.unknown_config == "403" else BAD_REQUEST

    def _general(self) -> tuple[str, ...]:
        limit = self._quirks.lock_after
        return (
            f"General.MachineName={self._profile.machine_name}",
            f"General.LockLoginEnable={'false' if limit is None else 'true'}",
            f"General.LockLoginTimes={5 if limit is None else limit}",
            f"General.LoginFailLockTime={self._quirks.lock_seconds}",
        )

    def _ntp(self) -> tuple[str, ...]:
        return (
            "NTP.Address=pool.ntp.org",
            "NTP.Enable=false",
            "NTP.Port=123",
            f"NTP.TimeZone={self._clock.zone_index}",
            f"NTP.TimeZoneDesc={self._profile.zone_name}",
            "NTP.UpdatePeriod=60",
        )

    def _locales(self) -> tuple[str, ...]:
        """Daylight saving by month, week (-1: the last) and day of the week (0: Sunday)."""
        saving, form = self._clock.saving(), "Locales.TimeFormat=yyyy-MM-dd HH:mm:ss"
        if saving is None:
            return ("Locales.DSTEnable=false", form)
        rows = ["Locales.DSTEnable=true"]
        for name, moment in zip(("DSTStart", "DSTEnd"), saving, strict=True):
            rows += [f"Locales.{name}.{key}={value}" for key, value in _nth_weekday(moment).items()]
        return (*rows, form, "Locales.WeekEnable=true")

    def _titles(self) -> tuple[str, ...]:
        """All slots, used or not."""
        given = dict(enumerate(self._profile.titles))
        names = [given.get(n, f"CAM {n + 1}") for n in range(self._profile.channels)]
        return tuple(f"ChannelTitle[{n}].Name={name}" for n, name in enumerate(names))

    def _encode(self) -> tuple[str, ...]:
        """Only the channels that have a camera."""
        profile = self._profile
        sound = {"aac": "AAC", "alaw": "G.711A", "mulaw": "G.711Mu", None: "AAC"}[profile.audio]
        rows: list[str] = []
        for channel in self._online():
            for form in range(3):  # by schedule, by motion, by alarm
                key = f"Encode[{channel}].MainFormat[{form}]"
                rows.append(f"{key}.Audio.Compression={sound}")
                rows.append(f"{key}.Audio.Frequency={profile.audio_rate}")
                rows.append(f"{key}.AudioEnable={'false' if profile.audio is None else 'true'}")
                rows.append(f"{key}.Video.Compression=H.264")
                rows.append(f"{key}.VideoEnable=true")
        return tuple(rows)

    def _record_modes(self) -> tuple[str, ...]:
        """0: by itself, 1: by hand, 2: not at all."""
        return tuple(f"RecordMode[{channel}].Mode=0" for channel in self._online())

    def _online(self) -> list[int]:
        return [n for n in range(self._profile.channels) if n + 1 not in self._profile.offline]


def _nth_weekday(moment: datetime) -> dict[str, int]:
    is_last = (moment + timedelta(days=7)).month != moment.month
    return {
        "Day": moment.isoweekday() % 7,
        "Hour": moment.hour,
        "Minute": moment.minute,
        "Month": moment.month,
        "Week": -1 if is_last else (moment.day + 6) // 7,
        "Year": moment.year,
    }

"""The real Home Assistant, as small as it starts, with its MQTT integration on a broker."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .net import TOOLS

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = TOOLS / "home-assistant" / "bin" / "hass"
PATIENCE_S = 120.0  # it starts within 15 s where nothing else runs
MADE_AT = "2025-04-01T00:00:00+00:00"


class Assistant:
    """Runs it in a folder, and speaks to it as its owner."""

    def __init__(self, folder: Path, port: int, broker: dict[str, Any]) -> None:
        if not PROGRAM.exists():
            pytest.skip(
                "Home Assistant is not in .tools; OMAMORI_HOME_ASSISTANT=1 .ci/run brings it"
            )
        self._folder = folder / "assistant"
        self._write(port, broker)
        self._log = (folder / "assistant.log").open("wb")
        self._process = subprocess.Popen(
            [str(PROGRAM), "-c", str(self._folder), "--skip-pip"],
            stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._web = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)
        try:
            self._own()
        except BaseException:
            self.end()
            raise

    def _write(self, port: int, broker: dict[str, Any]) -> None:
        (self._folder / ".storage").mkdir(parents=True)
        told = f"http:\n  server_host: 127.0.0.1\n  server_port: {port}\napi:\nonboarding:\n"
        (self._folder / "configuration.yaml").write_text(told, encoding="ascii")
        entry: dict[str, Any] = {
            "created_at": MADE_AT, "modified_at": MADE_AT, "data": broker, "discovery_keys": {},
            "disabled_by": None, "domain": "mqtt", "entry_id": "mqtt", "minor_version": 2,
            "options": {}, "pref_disable_new_entities": False, "pref_disable_polling": False,
            "source": "user", "subentries": [], "title": "mqtt", "unique_id": None, "version": 1,
        }  # fmt: skip
        entries = {
            "version": 1, "minor_version": 5, "key": "core.config_entries",
            "data": {"entries": [entry]},
        }  # fmt: skip
        path = self._folder / ".storage" / "core.config_entries"
        path.write_text(json.dumps(entries), encoding="ascii")

    def _own(self) -> None:
        """Be its first user, and wait until all of it runs."""
        own = str(self._web.base_url)
        made = self._until(
            lambda: self._web.post(
                "/api/onboarding/users",
                json={"client_id": own, "name": "Family", "username": "family",
                      "password": "only for a test", "language": "en"},
            )
        )  # fmt: skip
        token = self._web.post(
            "/auth/token",
            data={"grant_type": "authorization_code", "code": made.json()["auth_code"],
                  "client_id": own},
        ).json()["access_token"]  # fmt: skip
        self._web.headers["Authorization"] = f"Bearer {token}"
        self._until(
            lambda: (
                found
                if (found := self._web.get("/api/config")).json()["state"] == "RUNNING"
                else None
            )
        )

    def _until(self, ask: Any) -> httpx.Response:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and self._process.poll() is None:
            try:
                answer: httpx.Response | None = ask()
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == httpx.codes.OK:
                return answer
            time.sleep(0.3)
        self._log.flush()
        tail = (self._folder.parent / "assistant.log").read_text(errors="replace")[-3000:]
        pytest.fail(f"Home Assistant did not start\n{tail}")

    def entity(self, sort: str, name: str) -> dict[str, Any]:
        """An entity by its sort and the name that a person sees; empty while there is none."""
        for found in self._web.get("/api/states").json():
            is_sort = found["entity_id"].startswith(sort + ".")
            if is_sort and found["attributes"].get("friendly_name") == name:
                one: dict[str, Any] = found
                return one
        return {}

    def call(self, service: str, entity: dict[str, Any], **more: Any) -> None:
        """Do what a press of a button there does."""
        told = {"entity_id": entity["entity_id"], **more}
        self._web.post(f"/api/services/{service}", json=told).raise_for_status()

    def end(self) -> None:
        """Stop it."""
        self._web.close()
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)
        self._log.close()

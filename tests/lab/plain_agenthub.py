"""A bare AgentHub client after the reference alone; imports nothing of softphone.

As a script: plain_agenthub.py SOCKET-URL TOKEN; prints one JSON object a line.
"""

import asyncio
import json
import sys
from typing import Any
from urllib.parse import quote

import websockets


class PlainAgent:
    """One socket; frames are arrays of five."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.refs = 0

    @classmethod
    async def open(cls, url: str, token: str, vsn: str = "2.0.0", **options: Any) -> "PlainAgent":
        where = f"{url}/websocket?token={quote(token, safe='')}&vsn={vsn}"
        return cls(await websockets.connect(where, proxy=None, **options))

    async def say(self, join_ref: str | None, topic: str, event: str, payload: Any = None) -> str:
        self.refs += 1
        ref = str(self.refs)
        await self.socket.send(json.dumps([join_ref, ref, topic, event, payload or {}]))
        return ref

    async def join(self, topic: str) -> str:
        self.refs += 1
        ref = str(self.refs)
        await self.socket.send(json.dumps([ref, ref, topic, "phx_join", {}]))
        return ref

    async def frame(self) -> Any:
        return json.loads(await asyncio.wait_for(self.socket.recv(), 5))

    async def until(self, topic: str, event: str, ref: Any = ...) -> Any:
        """Return the next frame of a topic and event, and reference when given."""
        while True:
            frame = await self.frame()
            if frame[2:4] == [topic, event] and ref in (..., frame[1]):
                return frame


async def main(url: str, token: str) -> None:
    agent = await PlainAgent.open(url, token)
    ref = await agent.join("agent:acme:7")
    reply = await agent.until("agent:acme:7", "phx_reply", ref)
    print(json.dumps({"joined": reply[4]["response"]}))
    await agent.join("online:acme")
    state = await agent.until("online:acme", "presence_state")
    print(json.dumps({"online": sorted(state[4])}))
    beat = await agent.say(None, "phoenix", "heartbeat")
    answer = await agent.until("phoenix", "phx_reply", beat)
    print(json.dumps({"heartbeat": answer}))
    await agent.socket.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))

"""A bare AgentHub server after the reference alone; imports nothing of softphone.

As a script it prints {"port": N}, and then what the client says, one JSON array a line.
"""

import asyncio
import json

import websockets

EVENT = {
    "eventId": "1661794102499-0",
    "eventType": "ScreenPopVoice",
    "agentId": "9300f2b4-70f2-4a21-bcb5-e5d46e602c30",
    "campaignId": 22,
    "channelType": "Voice",
    "channel": "Outbound",
    "timestamp": 1657905963385,
    "eventData": {"callId": "8812", "phoneNumber": "+551133334444", "campaignData": "a=b"},
}
META = {"phx_ref": "FxIaTI3YaVxIGAlk", "username": "adams", "onlineAt": 1662391541000}


async def serve(socket):
    async def send(*frame):
        await socket.send(json.dumps(frame))

    joined = {}
    async for text in socket:
        print(text, flush=True)
        join_ref, ref, topic, event, _ = json.loads(text)
        ok = {"status": "ok", "response": {}}
        if event == "phx_join":
            joined[topic] = ref
        await send(join_ref, ref, topic, "phx_reply", ok)
        if event == "phx_join" and topic.startswith("agent:"):
            await send(ref, None, topic, "event", EVENT)
        elif event == "phx_join":
            await send(ref, None, topic, "presence_state", {"52": {"metas": [META]}})
        elif event == "phx_leave":
            await send(joined[topic], joined[topic], topic, "phx_close", {})


async def main():
    async with websockets.serve(serve, "127.0.0.1", 0) as server:
        print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
        await asyncio.Future()


if __name__ == "__main__":
    asyncio.run(main())

"""An Observer service in a few lines, from the protocol reference alone: nothing of softphone.

Prints its port, then serves: one call with one client, a frame of three stored rows in pages of
two, a row each 50 ms afterwards, one job. The first connection with a frame is cut after the page.
"""

import asyncio
import json

from websockets.asyncio.server import serve

CALL, CLIENT, T0 = "c-1", "cl-1", 1_767_225_600_000
cut = {"done": False}


def row(n):
    return {
        "timestamp": T0 + n * 1000, "callId": CALL, "clientId": CLIENT, "score": 4.5,
        "currentAvgRttInMs": 42.5, "jitterInMs": 3, "fractionLost": 0.02, "usingTURN": False,
        "scoreReasons": {"high-packetloss": 1}, "displayName": "Ada",
    }  # fmt: skip


async def handler(socket):
    if "accessToken=open-sesame" not in socket.request.path:
        await socket.close(4401)
        return
    streams = []
    async for text in socket:
        message = json.loads(text)
        kind, asked = message["type"], message["payload"]

        async def answer(payload, to=message["requestId"]):
            await socket.send(json.dumps({"kind": "response", "requestId": to, "payload": payload}))

        seq = 0

        async def send(n, frame="f-1"):
            nonlocal seq
            seq += 1
            event = {"type": "newrow", "payload": row(n)}
            await socket.send(json.dumps({"kind": "notification", "type": "dataFrame",
                                          "dataFrameId": frame, "event": event}))  # fmt: skip

        async def stream():
            for n in range(3, 1000):
                await asyncio.sleep(0.05)
                await send(n)

        if kind == "fetchOngoingCalls":
            client = {"clientId": CLIENT, "displayName": "Ada", "joinedAt": T0, "score": 4.5}
            call = {"callId": CALL, "roomId": "room-9", "startedAt": T0, "clients": [client]}
            await answer({"calls": [call], "timestamp": T0 + 60_000})
        elif kind == "findCalls":
            calls = (
                [{"callId": CALL, "roomId": "room-9"}] if asked.get("clientId") == CLIENT else []
            )
            await answer({"calls": calls, "truncated": False})
        elif kind == "createClientSnapshotsFrame":
            await answer({"dataFrameId": "f-1"})
        elif kind == "dataFrame" and asked["action"] == "update":
            if asked["params"].get("cursor") is None:
                await send(0)
                await send(1)
                await answer({"sent": 2, "nextCursor": "c-2"})
                if not cut["done"]:
                    cut["done"] = True
                    socket.transport.abort()
                    return
            else:
                await send(2)
                await answer({"sent": 1, "nextCursor": None})
                streams.append(asyncio.create_task(stream()))
        elif kind == "listJobs":
            error = {"code": "FORBIDDEN", "message": "admins only"}
            await socket.send(json.dumps({"kind": "response", "requestId": message["requestId"],
                                          "error": error}))  # fmt: skip
        else:
            await answer({})
    for task in streams:
        task.cancel()


async def main():
    async with serve(handler, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Event().wait()


asyncio.run(main())

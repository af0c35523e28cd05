"""An Observer client in a few lines, from the protocol reference alone: nothing of softphone.

Arguments: URL, admin token. Does the main flows and prints "done".
"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect


async def main(url, token):
    async with connect(f"{url}?accessToken={token}") as socket:
        counter = 0
        events = []

        async def ask(kind, payload):
            nonlocal counter
            counter += 1
            wanted = f"x{counter}"
            await socket.send(
                json.dumps(
                    {"kind": "request", "requestId": wanted, "type": kind, "payload": payload}
                )
            )
            while True:
                message = json.loads(await socket.recv())
                if message["kind"] == "notification":
                    events.append(message)
                elif message["requestId"] == wanted:
                    return message

        calls = (await ask("fetchOngoingCalls", {}))["payload"]["calls"]
        call = next(one for one in calls if one["clients"])
        client = call["clients"][0]["clientId"]
        found = (await ask("findCalls", {"clientId": client}))["payload"]["calls"]
        assert [one["callId"] for one in found] == [call["callId"]]
        assert (await ask("getSummaryStats", {}))["payload"]["currentActiveCalls"] >= 1

        asked = {"callId": call["callId"], "clientId": client}
        frame = (await ask("createClientSnapshotsFrame", asked))["payload"]["dataFrameId"]
        again = (await ask("createClientSnapshotsFrame", asked))["payload"]["dataFrameId"]
        assert frame == again
        cursor, sent = None, 0
        while True:
            params = {"limit": 100} | ({"cursor": cursor} if cursor else {})
            payload = {"dataFrameId": frame, "action": "update", "params": params}
            answer = (await ask("dataFrame", payload))["payload"]
            sent += answer["sent"]
            cursor = answer["nextCursor"]
            if cursor is None:
                break
        rows = [one for one in events if one["event"]["type"] == "newrow"]
        assert len(rows) >= sent > 0
        assert [one["seq"] for one in rows] == list(range(1, len(rows) + 1))
        live = json.loads(await asyncio.wait_for(socket.recv(), 5))
        assert live["dataFrameId"] == frame
        await ask("dataFrame", {"dataFrameId": frame, "action": "close"})

        bad = await ask("createDatabaseFrame", {"resourceId": "callEvents", "conditions": {}})
        assert bad["error"]["code"] == "BAD_REQUEST"
        conditions = {"callId": call["callId"]}
        made = await ask(
            "createDatabaseFrame", {"resourceId": "callEvents", "conditions": conditions}
        )
        events.clear()
        payload = {"dataFrameId": made["payload"]["dataFrameId"], "action": "update"}
        await ask("dataFrame", payload)
        assert "CALL_STARTED" in {one["event"]["payload"].get("name") for one in events}

        parameters = {"seconds": 60}
        job = (await ask("startJob", {"type": "selfTest", "parameters": parameters}))["payload"]
        cancelled = await ask("cancelJob", {"type": "selfTest", "jobId": job["jobId"]})
        assert cancelled["payload"] == {"cancelled": True}
        states = {one["state"] for one in (await ask("listJobs", {}))["payload"]["jobs"]}
        assert states == {"cancelled"}
        assert len((await ask("getWorkerState", {}))["payload"]["workers"]) == 2
        print("done")


asyncio.run(main(*sys.argv[1:]))

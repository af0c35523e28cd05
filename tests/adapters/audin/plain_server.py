"""An Audin service in one file, written from the SDK's documentation alone.

It imports nothing of softphone, so that adapter and lab are not merely wrong together. Whoever
starts it gets its address on the first line; it knows one operator, two numbers, an echo
(`…01`), a busy line (`…02`) and a number that is refused (`…03`). POST /ring makes a caller ring.
"""

import asyncio
import json
import sys
import time

from aiohttp import WSMsgType, web

TOKEN = "header.payload.signature"
NUMBERS = [
    {"id": "pn_1", "phoneNumber": "+390299999999", "displayName": "Milano"},
    {"id": "pn_2", "phoneNumber": "+390288888888", "displayName": None},
]


class Service:
    def __init__(self):
        self.presence = None
        self.available = []
        self.calls = {}
        self.log = []
        self.count = 0

    async def token(self, request):
        return web.json_response({"token": TOKEN, "expiresAt": "2099-01-01T00:00:00.000Z"})

    async def numbers(self, request):
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        return web.json_response(NUMBERS)

    async def presence_socket(self, request):
        if request.query.get("token") != TOKEN:
            return web.Response(status=401)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        self.presence = ws
        await ws.send_json({"type": "connected", "sessionId": "s1", "protocol": "v1"})
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                data = json.loads(message.data)
                self.log.append(data)
                await self.on_presence(ws, data)
        return ws

    async def on_presence(self, ws, data):
        kind = data["type"]
        if kind == "set_available":
            asked = data["phoneNumberIds"]
            known = [number["id"] for number in NUMBERS]
            self.available = [i for i in asked if i in known]
            rejected = [i for i in asked if i not in known]
            await ws.send_json(
                {"type": "available_set", "accepted": self.available, "rejected": rejected}
            )
        elif kind == "set_unavailable":
            self.available = []
        elif kind == "ping":
            await ws.send_json({"type": "pong"})
        elif kind == "accept":
            sid = data["callSid"]
            if self.calls.get(sid) == "offered":
                self.calls[sid] = "assigned"
                await ws.send_json({"type": "call_assigned", "callSid": sid})
            else:
                await ws.send_json({"type": "call_taken", "callSid": sid})
        elif kind == "reject":
            self.calls[data["callSid"]] = "rejected"
        elif kind == "start_outbound":
            await self.outbound(ws, data)

    async def outbound(self, ws, data):
        if data["callerId"] not in [number["phoneNumber"] for number in NUMBERS]:
            await ws.send_json({"type": "error", "code": "CALLER_ID", "message": "not your number"})
            return
        if data["to"].endswith("03"):
            await ws.send_json({"type": "error", "code": "REFUSED", "message": "no credit"})
            return
        self.count += 1
        sid = f"CA{self.count:04d}"
        self.calls[sid] = "busy" if data["to"].endswith("02") else "assigned"
        await ws.send_json({"type": "outbound_started", "callSid": sid, "to": data["to"]})

    async def audio_socket(self, request):
        sid = request.match_info["sid"]
        if request.query.get("token") != TOKEN or self.calls.get(sid) not in ("assigned", "busy"):
            return web.Response(status=404)
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        if self.calls[sid] == "busy":
            await ws.close(code=4486)
            return ws
        sender = asyncio.ensure_future(self.speak(ws))
        try:
            async for message in ws:
                if message.type is WSMsgType.BINARY:
                    await ws.send_bytes(message.data)
                else:
                    data = json.loads(message.data)
                    self.log.append(data)
                    if data["type"] == "hangup":
                        await ws.close()
        finally:
            sender.cancel()
            self.calls[sid] = "over"
            self.log.append({"type": "audio_closed", "callSid": sid})
        return ws

    async def speak(self, ws):
        """The far end hangs up 60 s after the start, whatever happens."""
        await asyncio.sleep(60)
        await ws.close(code=1000)

    async def ring(self, request):
        self.count += 1
        sid = f"CA{self.count:04d}"
        self.calls[sid] = "offered"
        caller = request.query.get("from", "+393331234567")
        await self.presence.send_json(
            {"type": "incoming_call", "callSid": sid, "from": caller, "to": "+390299999999"}
        )
        return web.json_response({"callSid": sid})

    async def drop(self, request):
        await self.presence.close(code=int(request.query.get("code", "1012")))
        return web.json_response({})

    async def seen(self, request):
        return web.json_response({"log": self.log, "calls": self.calls, "at": time.time()})


async def main():
    service = Service()
    app = web.Application()
    app.router.add_post("/token", service.token)
    app.router.add_get("/operator/phone-numbers", service.numbers)
    app.router.add_get("/operator-presence/ws", service.presence_socket)
    app.router.add_get("/operator-audio/ws/{sid}", service.audio_socket)
    app.router.add_post("/ring", service.ring)
    app.router.add_post("/drop", service.drop)
    app.router.add_get("/seen", service.seen)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}", flush=True)
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    await reader.read()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())

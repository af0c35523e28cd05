"""Chromium as far end: a page that does as it is told over HTTP, and reports what it hears."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)
_LIMIT_S = 60.0

PAGE = """<!doctype html><title>far end</title><script>
let pc, stream, analyser, context, received;
async function setup(options) {
  context = new AudioContext();
  await context.resume();
  stream = await navigator.mediaDevices.getUserMedia({audio: {
    echoCancellation: false, noiseSuppression: false, autoGainControl: false}});
  pc = new RTCPeerConnection({bundlePolicy: "max-bundle"});
  pc.ontrack = event => {
    received = new MediaStream([event.track]);
    const sink = new Audio(); sink.srcObject = received; sink.play();
    analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    analyser.smoothingTimeConstant = 0;
    context.createMediaStreamSource(received).connect(analyser);
  };
  pc.addTrack(stream.getTracks()[0], stream);
  if (options.video) pc.addTransceiver("video", {direction: "recvonly"});
  prefer(options.codec);
}
function prefer(codec) {
  const known = RTCRtpReceiver.getCapabilities("audio").codecs;
  const wanted = known.filter(c => c.mimeType.toLowerCase() == "audio/" + codec);
  const events = known.filter(c => c.mimeType.toLowerCase() == "audio/telephone-event");
  pc.getTransceivers()[0].setCodecPreferences([...wanted, ...events]);
}
async function complete() {
  while (pc.iceGatheringState != "complete") await new Promise(r => setTimeout(r, 20));
  return pc.localDescription.sdp;
}
const orders = {
  setup,
  async offer(options) {
    if (options.direction) pc.getTransceivers()[0].direction = options.direction;
    if (options.restart) pc.restartIce();
    await pc.setLocalDescription(await pc.createOffer());
    return await complete();
  },
  async accept(options) { await pc.setRemoteDescription({type: "answer", sdp: options.sdp}); },
  async answer(options) {
    await pc.setRemoteDescription({type: "offer", sdp: options.sdp});
    if (options.direction) pc.getTransceivers()[0].direction = options.direction;
    await pc.setLocalDescription(await pc.createAnswer());
    return await complete();
  },
  async tones(options) {
    const sender = pc.getSenders()[0].dtmf;
    if (!sender.canInsertDTMF) return false;
    sender.insertDTMF(options.digits, 100, 70);
    return true;
  },
  async mute(options) { stream.getTracks()[0].enabled = !options.on; },
  async state() {
    return {ice: pc.iceConnectionState, all: pc.connectionState, signalling: pc.signalingState};
  },
  async heard() {
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    let best = 0;
    for (let i = 1; i < bins.length; i++) if (bins[i] > bins[best]) best = i;
    return {hz: best * context.sampleRate / analyser.fftSize, db: bins[best]};
  },
  async loudest(options) {
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    const of = hz => bins[Math.round(hz * analyser.fftSize / context.sampleRate)];
    return options.hz.map(of);
  },
  async stats() {
    const found = {};
    for (const report of (await pc.getStats()).values())
      if (report.type.endsWith("bound-rtp")) found[report.type] = report;
    return found;
  },
  async close() { pc.close(); }
};
async function run() {
  while (true) {
    const order = await (await fetch("/order")).json();
    let answer;
    try { answer = {value: await orders[order.name](order.options) ?? null}; }
    catch (error) { answer = {error: String(error)}; }
    await fetch("/done", {method: "POST", body: JSON.stringify(answer)});
    if (order.name == "close") return;
  }
}
run();
</script>"""


def find() -> str | None:
    """Return where Chromium is, None when it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One page; orders are answered one at a time."""

    def __init__(self) -> None:
        self._orders: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def ask(self, name: str, **options: Any) -> Any:
        """Let the page do something and return what it says; its exceptions are ours."""
        self._orders.put_nowait({"name": name, "options": options})
        answer = await asyncio.wait_for(self._answers.get(), _LIMIT_S)
        assert "error" not in answer, f"{name}: {answer['error']}"
        return answer["value"]

    async def page(self, request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def order(self, request: web.Request) -> web.Response:
        return web.json_response(await self._orders.get())

    async def done(self, request: web.Request) -> web.Response:
        self._answers.put_nowait(json.loads(await request.text()))
        return web.json_response({})


@contextlib.asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Browser]:
    """Serve the page, open it in a fresh Chromium, and leave neither behind."""
    made = Browser()
    app = web.Application()
    app.add_routes(
        [
            web.get("/", made.page),
            web.get("/order", made.order),
            web.post("/done", made.done),
        ]
    )
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    program = find()
    assert program
    log = (folder / "chromium.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        program,
        *FLAGS,
        f"--user-data-dir={folder / 'profile'}",
        f"http://127.0.0.1:{port}/",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        yield made
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        log.close()
        await runner.cleanup()

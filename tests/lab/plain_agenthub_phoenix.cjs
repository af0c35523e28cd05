// Drives the unchanged `phoenix` npm client against the lab; one JSON object a line, both ways.
// node plain_agenthub_phoenix.cjs FOLDER-OF-PHOENIX SOCKET-URL TOKEN AUTH-MODE
const [folder, url, token, mode] = process.argv.slice(2)
const { createRequire } = require("module")
const load = createRequire(folder + "/")
const WebSocket = load("ws")
global.WebSocket = WebSocket
const { Socket, Presence } = load(process.env.PHOENIX)

const say = (what, more = {}) => console.log(JSON.stringify({ what, ...more }))
const options = { transport: WebSocket, heartbeatIntervalMs: 300 }
if (mode === "param") options.params = () => ({ token })
else options.authToken = token
const socket = new Socket(url, options)
socket.onOpen(() => say("open"))
socket.onClose((event) => say("close", { code: event && event.code }))

const agent = socket.channel("agent:acme:7", {})
agent.onMessage = (event, payload) => {
  if (!event.startsWith("phx_") && !event.startsWith("chan_reply_"))
    say("event", { event, type: payload.eventType, data: payload.eventData })
  return payload
}
agent.onClose(() => say("agent closed"))
agent.join().receive("ok", (info) => say("agent", { info }))
  .receive("error", (reason) => say("agent refused", { reason }))

const online = socket.channel("online:acme", {})
const presence = new Presence(online)
presence.onSync(() => say("users", {
  users: presence.list((id, { metas }) => metas.map((meta) => [id, meta.username, meta.phx_ref])).flat(),
}))
online.join().receive("ok", () => say("online"))

const foreign = socket.channel("agent:acme:52", {})
foreign.join().receive("error", (reason) => { say("foreign refused", { reason }); foreign.leave() })

require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "push") agent.push("do_it", {}).receive("error", (reason) => say("pushed", { reason }))
  if (line === "leave") agent.leave().receive("ok", () => say("left"))
  if (line === "quit") socket.disconnect(() => { say("quit"); process.exit(0) })
})
socket.connect()

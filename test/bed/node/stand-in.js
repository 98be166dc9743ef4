// A stand-in for the video bridge and for jicofo, whose packages cannot be had here. It carries no media and leads no
// call: it listens where they do, and answers what a pod's own probes and scripts ask of them. Called as `java`.
const { createSocket } = require("node:dgram");
const { readFileSync } = require("node:fs");
const { createServer } = require("node:http");

if (process.argv.includes("-version")) process.exit(); // what is asked when images and files are tried
process.title = "stand-in";
const bridge = process.argv.at(-1) === "org.jitsi.videobridge.MainKt";
process.stdout.write(`This is a stand-in for ${bridge ? "the video bridge" : "jicofo"}, not the program itself.\n`);

let draining = false;
let conferences = 0;
const answers = bridge
  ? {
      "GET /about/health": () => "",
      "GET /metrics": () => `jitsi_jvb_draining ${draining ? 1 : 0}\njitsi_jvb_conferences ${conferences}\n`,
      "POST /colibri/drain/enable": () => ((draining = true), ""),
    }
  : { "GET /about/version": () => "stand-in" };

createServer((request, response) => {
  const [, count] = /^\/stand-in\/conferences\/(\d+)$/.exec(request.url) ?? [];
  if (count !== undefined) conferences = Number(count); // what a test says
  const answer = count === undefined ? answers[`${request.method} ${request.url}`] : () => "";
  response.writeHead(answer ? 200 : 404).end(answer?.());
}).listen(bridge ? 8080 : 8888, "127.0.0.1");

if (bridge) {
  const settings = readFileSync("/etc/jitsi/jvb/jvb.conf", "utf8");
  const port = Number(/udp"?\s*[:{][^}]*?"?port"?\s*[:=]\s*(\d+)/.exec(settings)[1]);
  const socket = createSocket("udp4");
  socket.on("message", (message, { port, address }) => socket.send("stand-in", port, address));
  socket.bind(port);
}
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));

/** A way to be tried: where to, and how. */
export interface Way {
  readonly protocol: "TCP" | "UDP";
  readonly host: string;
  readonly port: number;
}

/**
 * Tries ways that come as JSON lines on standard input and prints those through which a packet came and an answer went back,
 * one line each: `TCP 10.88.0.2 8080`. A refusal is such an answer. Over UDP it asks what a STUN and a DNS server answer;
 * where nobody listens, the kernel refuses. Its argument is either how many ways of a line are tried at a time, each three
 * times, a second each; or `again`: all of them, every two seconds for ever, until the input ends, after a line that says
 * that it has begun.
 */
export const PROBER = `const again = process.argv[1] === "again";
const dgram = require("node:dgram"), net = require("node:net");
const stun = Buffer.from("000100002112a442" + "01".repeat(12), "hex");
const dns = Buffer.from("1234010000010000000000000161000001" + "0001", "hex");
const once = ({ protocol, host, port }) => new Promise((resolve) => {
  const timer = setTimeout(() => end(false), 1000);
  let socket;
  const end = (open) => { clearTimeout(timer); try { protocol === "TCP" ? socket.destroy() : socket.close(); } catch {} resolve(open); };
  if (protocol === "TCP") {
    socket = net.connect({ host, port });
    socket.on("connect", () => end(true)).on("error", (error) => end(error.code === "ECONNREFUSED"));
  } else {
    socket = dgram.createSocket("udp4");
    socket.on("message", () => end(true)).on("error", (error) => end(error.code === "ECONNREFUSED"));
    socket.connect(port, host, (error) => (error ? end(false) : socket.send(port === 53 ? dns : stun)));
  }
});
async function follow(way) {
  for (let tries = 0; again || tries < 3; tries += 1) {
    const start = Date.now();
    if (await once(way)) return void console.log(way.protocol + " " + way.host + " " + way.port);
    // "Unreachable" comes at once, and is no answer of the other side.
    await new Promise((resolve) => setTimeout(resolve, Math.max(1, (again ? 2000 : 1000) + start - Date.now())));
  }
}
async function lane(ways) {
  for (let way; (way = ways.shift()); ) await follow(way);
}
if (again) {
  process.stdin.on("end", () => process.exit(0));
  console.log("begun");
}
let rest = "";
process.stdin.on("data", (part) => {
  const lines = (rest + part).split("\\n");
  rest = lines.pop();
  for (const line of lines) {
    const ways = JSON.parse(line);
    for (let lanes = again ? ways.length : Number(process.argv[1]); lanes > 0; lanes -= 1) lane(ways);
  }
});`;

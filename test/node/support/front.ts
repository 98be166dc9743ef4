import { runAt } from "./node.ts";
import { podsOf, type RunningPractice } from "./practice.ts";

const REQUEST = `const [, address, host, path, body] = process.argv;
const request = require("node:http").request({ host: address, port: 8080, path, method: body ? "POST" : "GET", timeout: 5000,
  headers: { host, ...(body && { "content-type": "application/json", "content-length": Buffer.byteLength(body) }) } },
  async (answer) => {
    let text = "";
    for await (const piece of answer) text += piece;
    console.log(JSON.stringify({ status: answer.statusCode, body: text }));
  });
request.on("timeout", () => request.destroy(new Error("no answer for 5 s"))).end(body);`;

/** Asks the front pod for a path of a host, from where the cluster's edge stands: outside, as its walls allow. */
export async function ask(
  { namespace }: Pick<RunningPractice, "namespace">,
  host: string,
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly body: string }> {
  const front = (await podsOf(namespace)).find(({ metadata }) => metadata.name.startsWith("greenriver-front"));
  if (!front) throw new Error("There is no front pod.");
  const more = body === undefined ? [] : [JSON.stringify(body)];
  const answer = await runAt("outside", process.execPath, "-e", REQUEST, front.status.podIP, host, path, ...more);
  return JSON.parse(answer) as { status: number; body: string };
}

import { waitFor } from "../../bed/wait.ts";

/**
 * What a Node process holds when it has just collected its garbage, in MiB: what it cannot let go of, without the room that V8
 * keeps to grow in. The process must have been started with `--inspect-port=127.0.0.1:PORT`; its inspector stays open.
 */
export async function liveHeapMiB(pid: number, port: number): Promise<number> {
  process.kill(pid, "SIGUSR1");
  const url = await waitFor(() => debuggerOf(port), { what: "the inspector to answer" });
  const socket = new WebSocket(url);
  try {
    await once(socket, "open");
    await ask(socket, 1, "HeapProfiler.collectGarbage");
    const { usedSize } = (await ask(socket, 2, "Runtime.getHeapUsage")) as { usedSize: number };
    return usedSize / 2 ** 20;
  } finally {
    socket.close();
  }
}

async function debuggerOf(port: number): Promise<string | undefined> {
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
    webSocketDebuggerUrl: string;
  }[];
  return targets[0]?.webSocketDebuggerUrl;
}

async function ask(socket: WebSocket, id: number, method: string): Promise<unknown> {
  socket.send(JSON.stringify({ id, method }));
  const { data } = (await once(socket, "message")) as MessageEvent;
  const { result } = JSON.parse(String(data)) as { result?: unknown };
  if (result === undefined) throw new Error(`The inspector refuses ${method}: ${String(data)}`);
  return result;
}

function once(socket: WebSocket, event: "open" | "message"): Promise<Event> {
  return new Promise((resolve, reject) => {
    socket.addEventListener(event, resolve, { once: true });
    socket.addEventListener("error", () => reject(new Error("The inspector hung up.")), { once: true });
  });
}

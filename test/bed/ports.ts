import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A TCP port of 127.0.0.1 that nobody listens on. Taken from below the range that systems give to outgoing
 * connections, so that none of those takes it before the caller does, and given to nobody else as long as this process
 * lives, which may listen on it later: Linux itself keeps the name that says so.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 30_000);
    const probe = createServer();
    const claim = createServer().unref();
    try {
      probe.listen(port, "127.0.0.1");
      await once(probe, "listening");
      claim.listen(`\0telehealth-port-${port}`);
      await once(claim, "listening");
      return port;
    } catch {
      // taken: try another one
    } finally {
      probe.close();
    }
  }
}

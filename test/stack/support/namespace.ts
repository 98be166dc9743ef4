import { spawn } from "node:child_process";
import { once } from "node:events";
import { networkInterfaces } from "node:os";

/** Where pods would be: private, so that no client may ever be told of it. */
export const POD_IP = "10.98.0.10";
/** Where clients reach the bridge: the load balancer's address, on no interface that the bridge looks at. */
export const PUBLIC_IP = "203.0.113.7";

/** Neither the bridge nor a browser uses loopback for media. No route leads out of it. */
const SETUP = `ip link set lo up
ip address add ${PUBLIC_IP}/32 dev lo
ip link add pods type veth peer name clients
ip address add ${POD_IP}/24 dev pods
ip link set pods up
ip link set clients up
exec "$@"`;

/**
 * Runs a program in a network of its own, which is gone when the last of its processes is.
 * @returns the program's exit code
 * @throws Error with a sentence for people without the rights to make one.
 */
export async function inNamespace(command: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  if (process.getuid?.() !== 0) {
    throw new Error(
      "The full stack did not run: it needs root, to make a network namespace with an address that is not loopback. " +
        "Run it again as root.",
    );
  }
  const child = spawn("unshare", ["--net", "sh", "-ec", SETUP, "sh", ...command], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env },
  });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}

/** @throws Error with a sentence for people outside of such a network. */
export function expectNamespace(): void {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  if (addresses.some(({ address }) => address === POD_IP)) return;
  throw new Error("These tests run in a network of their own: start them with `npm run test:long -- stack`.");
}

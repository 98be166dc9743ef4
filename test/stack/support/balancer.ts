import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { POD_IP, PUBLIC_IP } from "./namespace.ts";

/**
 * The load balancer in front of the bridge: datagrams to the public address go to the pod, each client's from an
 * address of the balancer, as with `externalTrafficPolicy: Cluster`.
 */
export async function startBalancer(publicPort: number, podPort: number) {
  const outside = createSocket("udp4");
  const clients = new Map<string, Socket>();
  const clientOf = (address: string, port: number) => {
    const key = `${address}:${port}`;
    const known = clients.get(key);
    if (known) return known;
    const inside = createSocket("udp4");
    inside.on("message", (data) => outside.send(data, port, address));
    inside.on("error", () => undefined); // a datagram may always be lost
    clients.set(key, inside);
    return inside;
  };
  outside.on("message", (data, { address, port }) => clientOf(address, port).send(data, podPort, POD_IP));
  outside.on("error", () => undefined);
  outside.bind(publicPort, PUBLIC_IP);
  await once(outside, "listening");
  return {
    /** How many sockets of clients were seen. */
    clients: () => clients.size,
    stop: () => {
      outside.close();
      for (const socket of clients.values()) socket.close();
    },
  };
}

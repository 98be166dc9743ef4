import type { Walls } from "../../../src/components/component.ts";

/** Who a packet comes from or goes to, for the declaration. */
export type Party =
  | { readonly kind: "role"; readonly practice: string; readonly role: string }
  | { readonly kind: "dns" }
  /** Who knocks, by the option `frontDoor`. */
  | { readonly kind: "door" }
  /** A pod or a server that no policy is about. */
  | { readonly kind: "free" }
  /** From here every pod of the node is reached, by nature. */
  | { readonly kind: "node" };

/** Whether what is declared lets a packet through: out of where it comes from, and into where it goes. */
export function isDeclared(
  walls: readonly Walls[],
  from: Party,
  to: Party,
  protocol: "TCP" | "UDP",
  port: number,
): boolean {
  if (from.kind === "node") return true;
  return leaves(walls, from, to, protocol, port) && enters(walls, from, to, protocol, port);
}

const wallOf = (walls: readonly Walls[], role: string) => walls.find((wall) => wall.role === role);
const isSibling = (one: Party, other: Party) =>
  one.kind === "role" && other.kind === "role" && one.practice === other.practice;

function leaves(walls: readonly Walls[], from: Party, to: Party, protocol: string, port: number): boolean {
  if (from.kind !== "role") return true;
  const edges = wallOf(walls, from.role)?.talksTo ?? [];
  if (to.kind === "dns")
    return edges.some((edge) => edge.to.kind === "dns" && edge.protocol === protocol && port === 53);
  return edges.some(
    (edge) =>
      edge.protocol === protocol &&
      edge.port === port &&
      edge.to.kind === "role" &&
      to.kind === "role" &&
      isSibling(from, to) &&
      edge.to.role === to.role,
  );
}

function enters(walls: readonly Walls[], from: Party, to: Party, protocol: string, port: number): boolean {
  if (to.kind !== "role") return true;
  const edges = (wallOf(walls, to.role)?.listens ?? []).filter(
    (edge) => edge.protocol === protocol && edge.port === port,
  );
  return edges.some(({ from: welcome }) => {
    if (welcome.kind === "anybody") return true;
    if (welcome.kind === "frontDoor") return from.kind === "door";
    return welcome.kind === "role" && from.kind === "role" && isSibling(from, to) && welcome.role === from.role;
  });
}

/** Resource versions are decimal numbers of any length that only grow (KEP-5504, Kubernetes 1.35). */
export function reached(seen: string, wanted: string): boolean {
  return seen.length === wanted.length ? seen >= wanted : seen.length > wanted.length;
}

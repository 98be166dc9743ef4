import type { Manifest } from "../manifest.ts";
import type { Clock } from "./clock.ts";

/**
 * The circuit breaker against somebody who undoes what we do, such as another controller that owns the same object. At
 * first it is put right at once; when it goes on, later and later, so that a fight never becomes a load.
 */
export interface Fights {
  /** Milliseconds until the object may be put right, at most `longest`; 0 when it may now. */
  wait(object: Manifest, longest: number): number;
  /** Somebody else changed or removed the object: these managers, as far as they are known. */
  fought(object: Manifest, by?: readonly string[]): void;
  /** The managers that were last seen to change the object. */
  rivals(object: Manifest): readonly string[];
  /** Frees what is remembered of a namespace. */
  forget(namespace: string): void;
  /** Objects that are fought for. */
  readonly size: number;
}

/** So often at once: people try things twice, and clean-ups come in waves. */
const FREE_ROUNDS = 5;
const FIRST_WAIT_MS = 10_000;
/** A fight is over when nobody touched the object for so long, and its next one begins afresh. */
const CALM_MS = 600_000;

interface Fight {
  readonly rounds: number;
  readonly at: number;
  readonly by: readonly string[];
}

/** Remembers only objects that were fought for within the last ten minutes. */
export function createFights(clock: Clock): Fights {
  const namespaces = new Map<string, Map<string, Fight>>();

  function within(namespace = ""): Map<string, Fight> {
    const fights = namespaces.get(namespace) ?? new Map<string, Fight>();
    for (const [key, { at }] of fights) if (clock.now() - at >= CALM_MS) fights.delete(key);
    if (fights.size === 0) namespaces.delete(namespace);
    return fights;
  }

  const known = (object: Manifest) => within(object.metadata.namespace).get(keyOf(object));

  return {
    wait(object, longest) {
      const fight = known(object);
      if (!fight || fight.rounds <= FREE_ROUNDS) return 0;
      const wait = Math.min(longest, FIRST_WAIT_MS * 2 ** Math.min(fight.rounds - FREE_ROUNDS - 1, 20));
      return Math.max(0, fight.at + wait - clock.now());
    },
    fought(object, by = known(object)?.by ?? []) {
      const fights = within(object.metadata.namespace);
      const rounds = (fights.get(keyOf(object))?.rounds ?? 0) + 1;
      fights.set(keyOf(object), { rounds, at: clock.now(), by });
      namespaces.set(object.metadata.namespace ?? "", fights);
    },
    rivals: (object) => known(object)?.by ?? [],
    forget: (namespace) => void namespaces.delete(namespace),
    get size() {
      return [...namespaces.values()].reduce((sum, fights) => sum + fights.size, 0);
    },
  };
}

function keyOf({ kind, metadata }: Manifest): string {
  return `${kind}/${metadata.name}`;
}

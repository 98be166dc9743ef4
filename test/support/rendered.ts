import type { Params } from "../../src/components/component.ts";
import type { VerifiedManifests } from "../../src/manifest.ts";
import { render } from "../../src/render/render.ts";
import { VARIANTS } from "./practices.ts";

export interface Rendered extends Params {
  readonly manifests: VerifiedManifests;
  readonly trials: VerifiedManifests;
}

/** Every variant of a practice, rendered: what a property must hold for. */
export const RENDERED: readonly (readonly [string, Rendered])[] = VARIANTS.map(([name, params]) => {
  const { manifests, trials } = render(params);
  return [name, { ...params, manifests, trials }];
});

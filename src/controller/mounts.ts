/** The part of a pod that says which files it has. */
export interface PodVolumes {
  readonly volumes?: readonly {
    readonly configMap?: { readonly name: string };
    readonly projected?: { readonly sources?: readonly { readonly configMap?: { readonly name: string } }[] };
  }[];
}

/** Names of the ConfigMaps that a pod mounts. */
export function mountedBy({ volumes = [] }: PodVolumes): string[] {
  return volumes.flatMap((volume) => [
    ...(volume.configMap ? [volume.configMap.name] : []),
    ...(volume.projected?.sources ?? []).flatMap((source) => (source.configMap ? [source.configMap.name] : [])),
  ]);
}

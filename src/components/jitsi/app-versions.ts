/** Versions of the web app on which the guard was seen to work: tags of its image. */
const PROVEN: readonly string[] = ["stable-11146-1"];

/** Whether the guard was seen to work with this image of the web app. */
export function isProven(image: string): boolean {
  const [, tag = ""] = /:([\w.-]+)(?:@sha256:[0-9a-f]{64})?$/.exec(image) ?? [];
  return PROVEN.includes(tag);
}

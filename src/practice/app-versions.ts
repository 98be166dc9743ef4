/**
 * The versions of the web app on which the guard was seen to work on a full stack. The guard depends on hooks of the
 * app that no interface promises, so any other version makes no call. docs/video-guard.md has the hooks and tells how
 * a version gets onto this list.
 */
interface AppVersion {
  /** Tag of the web image. */
  readonly tag: string;
  /** When and on what it was seen. */
  readonly seen: { readonly date: string; readonly evidence: string };
}

const APP_VERSIONS: readonly AppVersion[] = [
  {
    tag: "stable-11146-1",
    seen: {
      date: "2026-11-25",
      evidence:
        "docs/video-stack-run.md: bridge and jicofo of this version, the web app of the same weeks, not the image.",
    },
  },
];

/** Whether the guard was seen to work on this web image, known by its tag; a digest alone tells no version. */
export function isProven(image: string): boolean {
  return appVersionState(image) === "proven";
}

/** What the meeting page is told about its own web image. */
export function appVersionState(image: string): "proven" | "unproven" {
  const [name = ""] = image.split("@");
  const [, tag] = /:([\w.-]+)$/.exec(name) ?? [];
  return APP_VERSIONS.some((version) => version.tag === tag) ? "proven" : "unproven";
}

/**
 * Every operand image, one line each. A digest stands here only with the place it was read;
 * the others carry a tag alone and are reported as not pinned. `npm run images` reads and checks all of them.
 */

export type ImageName = "jitsiWeb" | "prosody" | "jicofo" | "jvb" | "synapse" | "postgres" | "element" | "operator";
export type Images = Readonly<Record<ImageName, string>>;

const JITSI = "stable-11146-1";

// Third parties published digests for this tag of the four Jitsi images; none was read from the registry by us.
export const DEFAULT_IMAGES: Images = {
  jitsiWeb: `ghcr.io/jitsi/web:${JITSI}`,
  prosody: `ghcr.io/jitsi/prosody:${JITSI}`,
  jicofo: `ghcr.io/jitsi/jicofo:${JITSI}`,
  jvb: `ghcr.io/jitsi/jvb:${JITSI}`,
  synapse: "ghcr.io/element-hq/synapse:v1.163.2",
  postgres: "docker.io/library/postgres:17.6",
  element: "docker.io/vectorim/element-web:v1.12.26",
  operator: "ghcr.io/telehealth-operator/telehealth-operator:0.1.0",
};

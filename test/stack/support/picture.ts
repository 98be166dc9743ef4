import { waitFor } from "../../bed/wait.ts";
import type { Person } from "./person.ts";

/** Mean colour, 0 to 255 each, and how much neighbouring pixels differ. */
export interface Picture {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
  readonly roughness: number;
}

/** The other participants' pictures as this one's client decodes them, by their names in the room. */
export function picturesOf({ inPage }: Person): Promise<Readonly<Record<string, Picture>>> {
  return inPage(`(async () => {
    const seen = {};
    const tracks = APP.store.getState()["features/base/tracks"];
    for (const { local, jitsiTrack, participantId, mediaType } of tracks) {
      if (local || mediaType !== "video" || !jitsiTrack) continue;
      const video = Object.assign(document.createElement("video"), { muted: true, srcObject: jitsiTrack.getOriginalStream() });
      await Promise.race([video.play(), new Promise((resolve) => setTimeout(resolve, 3000))]).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 200));
      if (!video.videoWidth) continue;
      const canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 90 });
      const pen = canvas.getContext("2d");
      pen.drawImage(video, 0, 0, 160, 90);
      const { data } = pen.getImageData(0, 0, 160, 90);
      const sum = [0, 0, 0];
      let rough = 0;
      for (let at = 0; at < data.length; at += 4) {
        for (const color of [0, 1, 2]) sum[color] += data[at + color];
        if (at > 4) rough += Math.abs(data[at + 1] - data[at - 3]);
      }
      const [red, green, blue] = sum.map((total) => Math.round(total / (data.length / 4)));
      seen[participantId] = { red, green, blue, roughness: Math.round(rough / (data.length / 4)) };
      video.srcObject = null;
    }
    return seen;
  })()`);
}

/** The fake camera's picture is green all over; what cannot be decrypted is not. */
export const isClear = ({ red, green, blue }: Picture) => green > 100 && red < 80 && blue < 80;

/** Waits until somebody sees a clear picture of each of so many others. */
export const seesClearly = (person: Person, others = 1) =>
  waitFor(
    async () => {
      const pictures = Object.values(await picturesOf(person));
      return pictures.length === others && pictures.every(isClear) && pictures;
    },
    { timeout: 60_000, interval: 500, what: "a clear picture of everybody else" },
  );

/** How long an answer of the practice's own server may take, in milliseconds. */
const PATIENCE = 8_000;

/**
 * Whether media would reach the practice: a real ICE gathering with its own servers and no other. `good` only when one
 * of them answered over UDP and told how it sees this device; `bad` when none did; `unknown` when neither can be told.
 */
export function connection(urls) {
  return new Promise((resolve) => {
    const peer = new RTCPeerConnection({ iceServers: [{ urls }] });
    let failed = false;
    const end = (result) => {
      clearTimeout(timer);
      peer.close();
      resolve(result);
    };
    const timer = setTimeout(() => end("bad"), PATIENCE);
    peer.addEventListener("icecandidateerror", () => {
      failed = true;
    });
    peer.addEventListener("icecandidate", ({ candidate }) => {
      if (candidate && candidate.type === "srflx") end("good");
      // Without an address translator in between, a browser leaves the answer out: then nothing failed either.
      if (!candidate) end(failed ? "bad" : "unknown");
    });
    peer.createDataChannel("check");
    peer.setLocalDescription().catch(() => end("unknown"));
  });
}

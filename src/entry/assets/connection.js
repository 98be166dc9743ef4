/** How long an answer of the practice's own responder may take, in milliseconds. */
const PATIENCE = 8_000;

/**
 * What the responder calls itself in a trial. ICE (RFC 8445) wants a name and a password; these are everybody's and open
 * nothing. With them the two can exchange real connectivity checks without having talked before.
 */
const NAME = "practice";
const PASSWORD = "thisIsNoSecretItOpensNothing";
const NO_FINGERPRINT = Array(32).fill("00").join(":");

/** The responder's side of a session description: one media line, one address, no more. */
function answer(mid, ip, port) {
  return `v=0
o=- 1 1 IN IP4 0.0.0.0
s=-
t=0 0
a=ice-lite
a=group:BUNDLE ${mid}
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:${mid}
a=setup:passive
a=ice-ufrag:${NAME}
a=ice-pwd:${PASSWORD}
a=fingerprint:sha-256 ${NO_FINGERPRINT}
a=sctp-port:5000
a=candidate:1 1 udp 2130706431 ${ip} ${port} typ host
a=end-of-candidates
`.replaceAll("\n", "\r\n");
}

/** Whether checks over UDP are answered at `stun:IP:PORT`. @throws Error when the browser cannot even try. */
async function reaches(url) {
  const [, ip, port] = /^stun:\[?([^\]]+?)\]?:(\d+)$/.exec(url);
  const peer = new RTCPeerConnection();
  try {
    peer.createDataChannel("check");
    await peer.setLocalDescription();
    const [, mid] = /^a=mid:(.*?)\s*$/m.exec(peer.localDescription.sdp);
    await peer.setRemoteDescription({ type: "answer", sdp: answer(mid, ip, port) });
    return await new Promise((resolve) => {
      setTimeout(() => resolve(false), PATIENCE);
      peer.addEventListener("iceconnectionstatechange", () => {
        if (/^(connected|completed)$/.test(peer.iceConnectionState)) resolve(true);
        if (peer.iceConnectionState === "failed") resolve(false);
      });
    });
  } finally {
    peer.close();
  }
}

/**
 * Whether sound and picture would reach the practice, by a real ICE exchange with its own responder and nobody else:
 * `good` as soon as it answers on one of its addresses, `bad` when it answers on none, `unknown` when that cannot be
 * tried.
 */
export function connection(urls) {
  return new Promise((resolve) => {
    const trials = urls.map((url) => reaches(url).then((reached) => reached && resolve("good")));
    void Promise.allSettled(trials).then((all) => {
      resolve(all.every(({ status }) => status === "rejected") ? "unknown" : "bad");
    });
  });
}

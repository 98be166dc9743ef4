/**
 * For a page: asks a responder as a gathering does, then tries a connection to it as a call would, with the browser's own
 * ICE agent and no signalling, because the other side's half is known beforehand.
 */
globalThis.tryConnection = async ({ url, ufrag, password, patience }) => {
  const told = [];
  let error = false;
  const gathering = new RTCPeerConnection({ iceServers: [{ urls: url }] });
  gathering.addEventListener("icecandidateerror", () => (error = true));
  const gathered = new Promise((resolve) => {
    setTimeout(resolve, patience);
    gathering.addEventListener("icecandidate", ({ candidate }) => {
      if (!candidate) resolve();
      // Chromium writes IPv6 in brackets here.
      else if (candidate.type === "srflx") told.push(candidate.address.replace(/^\[(.*)\]$/, "$1"));
    });
  });
  gathering.createDataChannel("check");
  await gathering.setLocalDescription();
  await gathered;
  gathering.close();

  const [, ip, port] = /^stun:\[?([^\]]+?)\]?:(\d+)$/.exec(url);
  const trial = new RTCPeerConnection();
  trial.createDataChannel("check");
  await trial.setLocalDescription();
  const mid = /^a=mid:(.*)$/m.exec(trial.localDescription.sdp)[1].trim();
  const sdp = `v=0
o=- 1 1 IN IP4 0.0.0.0
s=-
t=0 0
a=ice-lite
a=group:BUNDLE ${mid}
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:${mid}
a=setup:passive
a=ice-ufrag:${ufrag}
a=ice-pwd:${password}
a=fingerprint:sha-256 ${Array(32).fill("00").join(":")}
a=sctp-port:5000
a=candidate:1 1 udp 2130706431 ${ip} ${port} typ host
a=end-of-candidates
`;
  await trial.setRemoteDescription({ type: "answer", sdp: sdp.replaceAll("\n", "\r\n") });
  const ice = await new Promise((resolve) => {
    setTimeout(() => resolve(trial.iceConnectionState), patience);
    trial.addEventListener("iceconnectionstatechange", () => {
      if (["connected", "completed", "failed"].includes(trial.iceConnectionState)) resolve(trial.iceConnectionState);
    });
  });
  trial.close();
  return { told, error, ice };
};

// A page with the shape of the meeting app, as far as the guard touches it: the store with its middleware, the
// conference with the names of lib-jitsi-meet, and its order of things. What is real: the browser, its camera and
// microphone, its RTCPeerConnections, the encryption worker. The other end of the connection looks at what arrives.
/* global RTCRtpScriptTransform */
// oxlint-disable unicorn/require-post-message-target-origin -- a worker has none
"use strict";

const stub = { sent: [], dispatched: [], seen: { plain: 0, sealed: 0 }, hungUp: 0, left: 0 };
window.stub = stub;

// ---- the app: store, middleware, reducers (react/features/e2ee, base/conference, base/participants)
const state = {
  "features/base/config": window.config,
  "features/base/conference": {},
  "features/base/connection": {},
  "features/base/participants": { local: { id: "me", local: true }, remote: new Map() },
  "features/e2ee": { enabled: false },
};
const subscribers = [];
const set = (feature, change) => {
  state[feature] = { ...state[feature], ...change };
};
const current = () => {
  const { conference, joining, leaving } = state["features/base/conference"];
  return conference ? (conference === leaving ? undefined : conference) : joining;
};
const store = {
  getState: () => state,
  subscribe: (subscriber) => subscribers.push(subscriber),
  dispatch(action) {
    stub.dispatched.push(action.type);
    const { participant } = action;
    if (action.type === "TOGGLE_E2EE") {
      const room = current();
      if (room && room.isE2EESupported() && room.isE2EEEnabled() !== action.enabled) {
        room.toggleE2EE(action.enabled);
        store.dispatch({ type: "PARTICIPANT_UPDATED", participant: { local: true, e2eeEnabled: action.enabled } });
      }
      set("features/e2ee", { enabled: action.enabled });
    }
    if (action.type === "PARTICIPANT_UPDATED" && participant.local) {
      const { local } = state["features/base/participants"];
      set("features/base/participants", { local: { ...local, ...participant } });
    }
    if (action.type === "SET_CONFERENCE") set("features/base/conference", action.conference);
    if (action.type === "OVERWRITE_CONFIG") set("features/base/config", action.config);
    subscribers.forEach((subscriber) => subscriber());
  },
};
const conferenceIs = (conference) => store.dispatch({ type: "SET_CONFERENCE", conference });

// ---- the bridge: the other end, which looks at every frame and shows only what is not encrypted
async function connectToBridge(room) {
  const ours = new RTCPeerConnection({ encodedInsertableStreams: !room.faults.flagMissing });
  const bridge = new RTCPeerConnection();
  stub.connection = ours;
  ours.onicecandidate = ({ candidate }) => candidate && bridge.addIceCandidate(candidate);
  bridge.onicecandidate = ({ candidate }) => candidate && ours.addIceCandidate(candidate);
  const tap = new Worker("/libs/worker.js");
  tap.addEventListener("message", ({ data }) => (stub.seen[data.sealed ? "sealed" : "plain"] += 1));
  const picture = document.createElement("video");
  Object.assign(picture, { muted: true, autoplay: true });
  document.body.appendChild(picture);
  bridge.ontrack = ({ track, receiver }) => {
    receiver.transform = new RTCRtpScriptTransform(tap, { operation: "tap", kind: track.kind });
    if (track.kind === "video") picture.srcObject = new MediaStream([track]);
  };
  stub.brightness = () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 16, height: 16 });
    const pen = canvas.getContext("2d");
    pen.drawImage(picture, 0, 0, 16, 16);
    const pixels = pen.getImageData(0, 0, 16, 16).data;
    return pixels.reduce((sum, value, at) => (at % 4 === 3 ? sum : Math.max(sum, value)), 0);
  };
  for (const track of room.tracks) ours.addTrack(track);
  await ours.setLocalDescription();
  await bridge.setRemoteDescription(ours.localDescription);
  await bridge.setLocalDescription();
  await ours.setRemoteDescription(bridge.localDescription);
  const encrypt = () => {
    for (const sender of ours.getSenders()) {
      sender.transform = new RTCRtpScriptTransform(room.worker, { operation: "encode", participantId: "me" });
    }
  };
  if (room.faults.transformAfter === undefined) encrypt();
  else if (room.faults.transformAfter !== null) setTimeout(encrypt, room.faults.transformAfter);
}

// ---- lib-jitsi-meet's conference (JitsiConference.ts, modules/e2ee)
class Participant {
  properties = new Map([["e2ee.enabled", "true"]]);
  constructor(id) {
    this.id = id;
  }
  getId() {
    return this.id;
  }
  getProperty(name) {
    return this.properties.get(name);
  }
}

class Conference {
  enabled = false;
  participants = new Map();
  listeners = {};
  properties = {};
  started = 0;
  worker = new Worker("/libs/worker.js");
  constructor(faults) {
    this.faults = faults;
    this.worker.postMessage({ operation: "initialize", sharedKey: faults.sharedKey });
  }
  on(event, listener) {
    (this.listeners[event] ||= []).push(listener);
  }
  emit(event, ...args) {
    (this.listeners[event] || []).forEach((listener) => listener(...args));
  }
  isE2EESupported() {
    return !(this.faults.unsupported || (window.config.e2ee || {}).disabled);
  }
  isE2EEEnabled() {
    return this.enabled;
  }
  async toggleE2EE(enabled) {
    if (enabled === this.enabled || this.faults.staysOff) return;
    this.enabled = enabled;
    this.setLocalParticipantProperty("e2ee.enabled", enabled ? "true" : "");
    await new Promise((resolve) => setTimeout(resolve, this.faults.slow || 0));
    this.worker.postMessage({ operation: "setKey", participantId: "me", key: enabled && new Uint8Array(32) });
    this.worker.postMessage({ operation: "setEnabled", enabled });
  }
  setMediaEncryptionKey() {
    throw new Error("managed keys only");
  }
  setLocalParticipantProperty(name, value) {
    this.properties[name] = value;
    if (this.present) stub.sent.push({ ...this.properties });
  }
  getParticipants() {
    return [...this.participants.values()];
  }
  getParticipantById(id) {
    return this.participants.get(id);
  }
  myUserId() {
    return "me";
  }
  startVerification() {
    this.started += 1;
  }
  markParticipantVerified(id, match) {
    stub.sent.push({ match });
    if (!match) this.emit("conference.e2ee.verification.completed", id, false, "failed");
  }
  leave() {
    stub.left += 1;
    return Promise.resolve();
  }
}

// ---- what tests do
/** Opens camera and microphone and joins; `faults` are ways in which the app or its version is not as it should be. */
stub.join = async (faults = {}) => {
  const room = new Conference(faults);
  stub.room = room;
  for (const hook of faults.without || []) Conference.prototype[hook] = undefined;
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240 } });
  room.tracks = media.getTracks();
  if (!faults.unseen) conferenceIs({ joining: room });
  room.present = true;
  stub.sent.push({ join: true, ...room.properties });
  if (faults.held) return;
  stub.enter();
};
stub.enter = () => {
  conferenceIs({ conference: stub.room, joining: undefined });
  stub.news("video-conference-joined");
};
/** Somebody is in the room; media flows from then on. */
stub.meet = async (id, property = "true") => {
  const participant = new Participant(id);
  participant.properties.set("e2ee.enabled", property);
  stub.room.participants.set(id, participant);
  if (!stub.connection) await connectToBridge(stub.room);
};
/** A participant's presence says off: the app's middleware follows (_e2eeUpdated). */
stub.remoteOff = (id) => {
  stub.room.getParticipantById(id).properties.set("e2ee.enabled", "");
  store.dispatch({ type: "TOGGLE_E2EE", enabled: false });
};
stub.appShows = () => ({
  e2ee: state["features/e2ee"].enabled,
  local: state["features/base/participants"].local.e2eeEnabled,
});
stub.conferenceIs = conferenceIs;

// ---- the iframe API (modules/API, @jitsi/js-utils transport): a token or a number in the fragment opens it to every
// window; postis checks no origin. Its news go to whoever frames or opened the page, once both have said that they are
// there.
const [, apiId] = /[#&]jitsi_meet_external_api_id=(\d+)/.exec(location.hash) || [];
const mark = String(Date.now() + Math.random());
const unsent = [];
let heard = false;
const post = (method, params) => {
  const scope = `jitsi_meet_external_api_${apiId}`;
  (window.opener || window.parent).postMessage(JSON.stringify({ postis: true, scope, method, params }), "*");
};
stub.news = (name) => {
  if (heard) post("message", { type: "event", data: { name } });
  else unsent.push(name);
};
if (apiId || location.hash.includes("jwt=")) {
  const hello = setInterval(() => post("__ready__", mark), 50);
  const commands = {
    "toggle-e2ee": (enabled) => store.dispatch({ type: "TOGGLE_E2EE", enabled }),
    "overwrite-config": (config) => store.dispatch({ type: "OVERWRITE_CONFIG", config }),
    "video-hangup": () => window.APP.conference.hangup(),
  };
  window.addEventListener("message", ({ data }) => {
    const { postis, method, params } = JSON.parse(data);
    if (!postis) return;
    if (method === "message") (commands[params.data.name] || (() => 0))(...params.data.data);
    else if (params !== mark) post("__ready__", params);
    else {
      clearInterval(hello);
      heard = true;
      unsent.splice(0).forEach(stub.news);
    }
  });
}
// setConfigFromURLParams: the fragment overrides what config.js says, dotted or not
for (const part of location.hash.slice(1).split("&")) {
  const [key, value = ""] = part.split("=");
  const path = key.split(".");
  if (path[0] !== "config" || path.includes("__proto__")) continue;
  const given = path.slice(1).reduceRight((inner, name) => ({ [name]: inner }), JSON.parse(decodeURIComponent(value)));
  for (const [name, inner] of Object.entries(given)) {
    window.config[name] = typeof inner === "object" ? { ...window.config[name], ...inner } : inner;
  }
}
// modules/settings/Settings.ts and base/connection/actions.web.ts
stub.machine = localStorage.getItem("jitsiMeetId");
stub.user = localStorage.getItem("xmpp_username_override");
localStorage.setItem("jitsiMeetId", stub.machine || "a-machine");
localStorage.setItem("callStatsUserName", "Eloy-hPJ");

window.APP = {
  store,
  conference: {
    hangup() {
      stub.hungUp += 1;
      conferenceIs({ conference: undefined, joining: undefined });
      stub.news("video-conference-left");
    },
  },
};

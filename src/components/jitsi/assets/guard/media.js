const connections = new Set();
/** Tracks that are held: sound is silence and pictures are black; the value is what the app set `enabled` to. */
const held = new Map();
const piped = new WeakSet();
let worker = { keys: new Map() };
let enabled;

/** What this device needs another browser for, or nothing. */
export function lacking() {
  const sender = window.RTCRtpSender && window.RTCRtpSender.prototype;
  const able =
    window.isSecureContext &&
    window.RTCPeerConnection &&
    window.WebAssembly &&
    window.Worker &&
    window.crypto &&
    window.crypto.subtle &&
    // Only Chromium has it. Firefox and Safari have a transform as well, but calls with them were not proven.
    sender &&
    "createEncodedStreams" in sender;
  if (able) return undefined;
  if (/iPhone|iPad|iPod/.test(navigator.userAgent)) return "apple";
  if (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1) return "apple"; // an iPad says Macintosh
  return /Android/.test(navigator.userAgent) ? "android" : "desktop";
}

function hold(track) {
  if (!(track instanceof MediaStreamTrack) || held.has(track)) return;
  held.set(track, enabled.get.call(track));
  enabled.set.call(track, false);
}

function release(track) {
  enabled.set.call(track, held.get(track));
  held.delete(track);
}

/** Runs `before` ahead of a method of the browser; `false` from it means that the method is not run. */
function precede(prototype, name, before) {
  const original = prototype[name];
  prototype[name] = function (...args) {
    return before(this, ...args) === false ? undefined : original.apply(this, args);
  };
}

/**
 * Chromium ignores a sender's transform, and sends its frames as they are, unless the connection was made with this
 * flag (seen with 156). With it nothing is sent by a sender that has no transform.
 */
function makeEncrypting() {
  const Connection = new Proxy(RTCPeerConnection, {
    construct(target, [configuration, ...more], made) {
      return Reflect.construct(target, [{ ...configuration, encodedInsertableStreams: true }, ...more], made);
    },
  });
  RTCPeerConnection.prototype.constructor = Connection;
  window.RTCPeerConnection = Connection;
  window.webkitRTCPeerConnection = Connection;
}

/**
 * From here on every track is held before it is handed to a connection, and what lib-jitsi-meet tells its
 * encryption worker is known. Being switched off is not passed on to the worker; `onOff` is called instead.
 */
export function watchMedia(onOff) {
  enabled = Object.getOwnPropertyDescriptor(MediaStreamTrack.prototype, "enabled");
  Object.defineProperty(MediaStreamTrack.prototype, "enabled", {
    ...enabled,
    get() {
      return held.has(this) ? held.get(this) : enabled.get.call(this);
    },
    set(value) {
      if (held.has(this)) held.set(this, Boolean(value));
      else enabled.set.call(this, value);
    },
  });
  makeEncrypting();
  const attach = (connection, track) => {
    connections.add(connection);
    hold(track);
  };
  precede(RTCPeerConnection.prototype, "addTrack", attach);
  precede(RTCPeerConnection.prototype, "addTransceiver", attach);
  precede(RTCPeerConnection.prototype, "setLocalDescription", (connection) => attach(connection));
  precede(RTCRtpSender.prototype, "replaceTrack", (sender, track) => hold(track));
  precede(RTCRtpSender.prototype, "createEncodedStreams", (sender) => void piped.add(sender));
  delete RTCPeerConnection.prototype.addStream; // a way around the others that the app does not use
  precede(Worker.prototype, "postMessage", (_, message) => {
    const { operation, enabled: on, participantId, key, sharedKey } = Object(message);
    if (operation === "initialize") worker = { keys: new Map(), shared: sharedKey };
    if (operation === "setKey") worker.keys.set(participantId, key);
    if (operation !== "setEnabled") return true;
    if (on) worker.since = worker.since || Date.now();
    else onOff();
    return Boolean(on);
  });
}

/** Whether the worker was told to encrypt what `id`, this participant, sends, and has had the time to begin. */
export function isSealed(id) {
  return Boolean(!worker.shared && worker.keys.get(id) && Date.now() - worker.since > 250);
}

/** Holds every track that is attached, or with `open` only those whose sender does not encrypt; true if none is. */
export function settle(open) {
  const silent = new Set();
  for (const connection of connections) {
    if (connection.connectionState === "closed") connections.delete(connection);
    for (const sender of connection.getSenders()) {
      const encrypts = Boolean(sender.transform) || piped.has(sender);
      if (sender.track && !(open && encrypts)) silent.add(sender.track);
    }
  }
  silent.forEach(hold);
  for (const track of held.keys()) if (!silent.has(track)) release(track);
  return silent.size === 0;
}

/** Ends all sending for good. */
export function silence() {
  if (!enabled) return;
  settle(false);
  connections.forEach((connection) => connection.close());
  held.forEach((_, track) => track.stop());
}

// The encryption worker of lib-jitsi-meet in small: frames pass as they are until it is switched on. The mark at
// the end stands for the trailer of an encrypted frame; `tap` is the bridge's own look at what arrives.
// oxlint-disable unicorn/require-post-message-target-origin -- a worker's page has none to name
"use strict";

const MARK = [0xe2, 0xee];
let enabled = false;

self.addEventListener("message", ({ data }) => {
  if (data.operation === "setEnabled") enabled = data.enabled;
});

const isMarked = (bytes) => MARK.every((byte, at) => bytes[bytes.length - MARK.length + at] === byte);

function encode(frame, controller) {
  if (enabled) frame.data = Uint8Array.from([...new Uint8Array(frame.data), ...MARK]).buffer;
  controller.enqueue(frame);
}

function tap(frame, controller) {
  const sealed = isMarked(new Uint8Array(frame.data));
  self.postMessage({ sealed });
  if (!sealed) controller.enqueue(frame);
}

self.addEventListener("rtctransform", ({ transformer }) => {
  const transform = transformer.options.operation === "tap" ? tap : encode;
  transformer.readable.pipeThrough(new TransformStream({ transform })).pipeTo(transformer.writable);
});

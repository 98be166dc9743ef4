// What Element loads, one of each kind; each answers with what it saw or throws.
"use strict";

const MATRIX = "https://matrix.greenriver.example";
const event = (target, name) =>
  new Promise((resolve, reject) => {
    target.addEventListener(name, () => resolve("loaded"));
    target.addEventListener("error", () => reject(new Error("failed")));
  });
const told = (worker) =>
  new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }) => resolve(data));
    worker.addEventListener("error", () => reject(new Error("failed")));
  });
const made = (tag, properties) => document.body.appendChild(Object.assign(document.createElement(tag), properties));
/** 44 bytes of a sound without samples. */
const SOUND = `data:audio/wav;base64,${btoa("RIFF$\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0@\x1f\0\0@\x1f\0\0\x01\0\b\0data\0\0\0\0")}`;

window.loads = {
  "its WebAssembly": async () => typeof (await WebAssembly.instantiateStreaming(fetch("crypto.wasm"))).instance,
  "a worker": () => told(new Worker("worker.js")),
  "a worker that it makes": () => told(new Worker(URL.createObjectURL(new Blob(["postMessage('made')"])))),
  "its service worker": async () => (await navigator.serviceWorker.register("sw.js")) && "registered",
  "the homeserver": async () => (await fetch(`${MATRIX}/_matrix/client/versions`)).status,
  "how calls are entered": async () =>
    (await (await fetch("https://meet.greenriver.example/.well-known/element/jitsi")).json()).auth,
  "a picture that it decrypted": () => event(made("img", { src: URL.createObjectURL(picture()) }), "load"),
  "a picture of the homeserver": async () => {
    const image = made("img", { src: `${MATRIX}/_matrix/client/v1/media/download/a/b` });
    return new Promise((resolve) =>
      ["load", "error"].map((name) => image.addEventListener(name, () => resolve("asked"))),
    );
  },
  "a decrypted file": async () => (await fetch(URL.createObjectURL(new Blob(["text"])))).text(),
  "a sound": async () => (await fetch(SOUND)).status,
  "a style of its own": () => (
    document.body.setAttribute("style", "color: red"),
    getComputedStyle(document.body).color
  ),
  "a frame for what was sent": () => event(made("iframe", { src: "usercontent/", sandbox: "allow-scripts" }), "load"),
  "a script of its own": () => event(made("script", { src: "own.js" }), "load"),
};

/** One pixel. */
function picture() {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>';
  return new Blob([svg], { type: "image/svg+xml" });
}

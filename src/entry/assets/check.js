import { lacking } from "./able.js";
import { connection } from "./connection.js";
import { copy } from "./copy.js";

// Every sentence stands in the page; this chooses which one is seen. Nothing leaves the device.

/** A clock that is further off makes links come too early or too late. Milliseconds. */
const CLOCK_MAY_DIFFER = 60_000;
/** Loudness, 0 to 1, from which on somebody is heard. */
const HEARD = 0.05;

const check = document.querySelector("[data-check]");
let test;

function show(row, state) {
  const item = check && check.querySelector(`[data-row="${row}"]`);
  if (!item || item.dataset.now === state) return;
  item.dataset.now = state;
  for (const sentence of item.querySelectorAll("[data-state]")) sentence.hidden = sentence.dataset.state !== state;
}

function checkBrowser() {
  const other = lacking();
  show("browser", other ? "bad" : "good");
  if (!other) return;
  const advice = document.querySelector("[data-other]");
  advice.hidden = false;
  advice.querySelector(`[data-device="${other}"]`).hidden = false;
  const button = advice.querySelector("[data-copy]");
  const status = advice.querySelector("[data-copied]");
  const { copied: done, failed } = status.dataset;
  button.addEventListener("click", () => copy(button.dataset.copy, status, { done, failed }));
  // Going in would use the link up, and the meeting page would refuse this browser.
  for (const way of document.querySelectorAll("[data-able]")) way.hidden = true;
}

function checkClock() {
  const now = Number(document.body.dataset.now) * 1000;
  if (now) show("clock", Math.abs(Date.now() - now) < CLOCK_MAY_DIFFER ? "good" : "bad");
}

async function checkConnection() {
  const urls = check.dataset.stun.split(" ").filter(Boolean);
  if (urls.length === 0 || !window.RTCPeerConnection) return;
  show("connection", "running");
  show("connection", await connection(urls).catch(() => "unknown"));
}

const capture = (what) => navigator.mediaDevices.getUserMedia(what).catch(() => undefined);

/** Both at once, so that the browser asks once; one by one if that fails, to tell which of them is missing. */
async function captured() {
  if (!navigator.mediaDevices) return [];
  const both = await capture({ video: true, audio: true });
  const streams = both ? [both] : [await capture({ video: true }), await capture({ audio: true })];
  return streams.flatMap((stream) => (stream ? stream.getTracks() : []));
}

async function start() {
  setRunning(true);
  void checkConnection();
  const tracks = await captured();
  test = { tracks };
  const picture = tracks.find(({ kind }) => kind === "video");
  const sound = tracks.find(({ kind }) => kind === "audio");
  show("camera", picture ? "good" : "bad");
  show("microphone", sound ? "quiet" : "bad");
  const preview = check.querySelector("[data-preview]");
  preview.hidden = tracks.length === 0;
  preview.querySelector("video").hidden = !picture;
  if (picture) preview.querySelector("video").srcObject = new MediaStream([picture]);
  if (sound) listen(sound);
  if (tracks.length === 0) setRunning(false);
}

function listen(track) {
  const audio = new AudioContext();
  const analyser = audio.createAnalyser();
  audio.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const meter = check.querySelector("meter");
  test.audio = audio;
  void audio.resume(); // some browsers begin silent
  test.timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const loud = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    meter.value = loud;
    if (loud > HEARD) show("microphone", "good");
  }, 100);
}

function stop() {
  setRunning(false);
  if (!test) return;
  clearInterval(test.timer);
  test.tracks.forEach((track) => track.stop());
  if (test.audio) test.audio.close();
  check.querySelector("[data-preview]").hidden = true;
  test = undefined;
}

function setRunning(running) {
  check.querySelector("[data-start]").hidden = running;
  check.querySelector("[data-stop]").hidden = !running;
}

/** Two soft notes. */
function playTone() {
  const audio = new AudioContext();
  [440, 660].forEach((frequency, index) => {
    const from = audio.currentTime + index * 0.35;
    const note = audio.createOscillator();
    const volume = audio.createGain();
    note.frequency.value = frequency;
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(0.25, from + 0.05);
    volume.gain.linearRampToValueAtTime(0, from + 0.33);
    note.connect(volume).connect(audio.destination);
    note.start(from);
    note.stop(from + 0.35);
  });
  setTimeout(() => audio.close(), 1000);
  show("speaker", "played");
}

checkBrowser();
checkClock();
if (check) {
  check.querySelector("[data-start]").addEventListener("click", start);
  check.querySelector("[data-stop]").addEventListener("click", stop);
  check.querySelector("[data-play]").addEventListener("click", playTone);
  check.querySelector("[data-play]").hidden = !window.AudioContext;
  setRunning(false);
  window.addEventListener("pagehide", stop);
}

import { and, type Break, editFile, editPod, replaced } from "../../support/broken.ts";

export const RECORDING_BREAKS: readonly Break[] = [
  editPod("images-of-the-release", "a recorder with an innocent name", "Deployment/entry", (spec) => {
    spec.containers[0].image = "registry.example/innocent:1";
  }),
  editPod("images-of-the-release", "a changed image in an init container", "StatefulSet/postgres", (spec) => {
    spec.initContainers[0].image = "docker.io/library/postgres:latest";
  }),
  editFile(
    "no-recorder-configured",
    "a recorder's room",
    "jicofo/jicofo.conf",
    replaced(
      '"jicofo": {',
      '"jicofo": { "jibri": { "brewery-jid": "jibribrewery@internal-muc.meet.greenriver.example" },',
    ),
  ),
  editFile(
    "no-recorder-configured",
    "sound sent to a transcriber",
    "jvb/jvb.conf",
    replaced('"videobridge": {', '"videobridge": { "exporter": { "x": 1 },'),
  ),
  and(
    ["admin-on-loopback", "daemons-know-signalling-alone"],
    editFile(
      "configuration-readable",
      "a recorder's room in a section that is there twice: HOCON merges what JSON replaces",
      "jicofo/jicofo.conf",
      replaced("{", '{ "jicofo": { "jibri": { "brewery-jid": "jibribrewery@internal-muc.meet.greenriver.example" } },'),
    ),
  ),
  editFile(
    "no-recorder-account",
    "a component for a gateway",
    "prosody/prosody.cfg.lua",
    (text) => `${text}Component "jigasi.meet.greenriver.example" "component"\n  x = 1\n`,
  ),
  editFile(
    "no-recording-in-browser",
    "local recording",
    "front-web/config.js",
    replaced('"disable": true,\n    "disableSelfRecording"', '"disable": false,\n    "disableSelfRecording"'),
  ),
  editFile(
    "no-recording-in-browser",
    "live streaming under its former name, which wins",
    "front-web/config.js",
    replaced('"liveStreaming": {', '"liveStreamingEnabled": true, "liveStreaming": {'),
  ),
  editFile(
    "no-recording-in-browser",
    "screenshots of what is shared",
    "front-web/config.js",
    replaced(/"screenshotCapture": \{\s*"enabled": false/, '"screenshotCapture": { "enabled": true'),
  ),
  editFile(
    "no-recording-in-browser",
    "a button for recording",
    "front-web/config.js",
    replaced('"microphone",', '"microphone", "recording",'),
  ),
];

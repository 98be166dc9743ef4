import { describe, expect, it } from "vitest";
import { connectionOf } from "./ways/k3s.ts";

// K3s itself needs a Docker daemon and was never run by us; this is the part that works without.
describe("K3s", () => {
  it("tells through its kubeconfig how the administrator reaches it", () => {
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const kubeconfig = `
apiVersion: v1
clusters:
- cluster: {certificate-authority-data: ${base64("CA")}, server: "https://127.0.0.1:6443"}
  name: default
users:
- name: default
  user: {client-certificate-data: ${base64("CERT")}, client-key-data: ${base64("KEY")}}
`;
    const server = "https://127.0.0.1:32768";
    expect(connectionOf(kubeconfig, server)).toEqual({ server, ca: "CA", cert: "CERT", key: "KEY" });
  });
});

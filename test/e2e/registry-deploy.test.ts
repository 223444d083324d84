import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { readConfig } from "../../src/server/config/read-config.ts";
import { htpasswdOf } from "../support/guarded-registry.ts";
import { findProgram } from "../support/find-program.ts";
import { runSampan } from "../support/run-sampan.ts";
import { unknownKeys } from "../support/unknown-keys.ts";

const deploy = join(import.meta.dirname, "../../deploy");
const text = (path: string): string => readFileSync(join(deploy, path), "utf8");

/** The part of a manifest that is compared. */
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [key: string]: unknown;
}

const manifests = (path: string): Manifest[] => parseAllDocuments(text(path)).map((document) => {
  assert.deepEqual(document.errors, []);
  return document.toJS() as Manifest;
});

test("systemd takes the unit, and finds it well shut in", { skip: findProgram("systemd-analyze") === undefined && "needs systemd-analyze" }, (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-unit-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const unit = join(folder, "sampan-registry.service");
  // Its program has to be there.
  writeFileSync(unit, text("systemd/sampan-registry.service").replaceAll("/usr/local/bin/sampan", process.execPath));
  const analyze = (...words: string[]) => spawnSync("systemd-analyze", [...words, unit], { encoding: "utf8" });
  const verified = analyze("verify", "--man=no");
  assert.deepEqual([verified.status, verified.stderr], [0, ""]);
  const judged = analyze("security", "--offline=yes", "--threshold=20");
  assert.equal(judged.status, 0, judged.stdout);
  assert.match(judged.stdout, /exposure level .*: [01]\.\d OK/);
  writeFileSync(unit, readFileSync(unit, "utf8").replace("ProtectSystem=strict", "ProtectSystem=sometimes"));
  assert.notEqual(analyze("verify", "--man=no").stderr, "");
});

test("the example configuration is valid, as the unit checks it before it starts", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-deploy-"));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "registry.yaml"), text("registry.yaml"));
  writeFileSync(join(folder, "users"), htpasswdOf({ alice: "pw" }));
  const checked = await runSampan(["registry", "serve", "--check", "--config", join(folder, "registry.yaml")]);
  assert.deepEqual([checked.status, checked.stderr], [0, ""]);
  assert.match(checked.stdout, /group:core|core/);
});

test("Kubernetes knows every field of the manifests", async () => {
  const kinds: Readonly<Record<string, KubernetesValidator>> = {
    ConfigMap: (await import("kubernetes-models/_schemas/IoK8sApiCoreV1ConfigMap")).validate,
    Secret: (await import("kubernetes-models/_schemas/IoK8sApiCoreV1Secret")).validate,
    Service: (await import("kubernetes-models/_schemas/IoK8sApiCoreV1Service")).validate,
    ServiceAccount: (await import("kubernetes-models/_schemas/IoK8sApiCoreV1ServiceAccount")).validate,
    Deployment: (await import("kubernetes-models/_schemas/IoK8sApiAppsV1Deployment")).validate,
    StatefulSet: (await import("kubernetes-models/_schemas/IoK8sApiAppsV1StatefulSet")).validate,
  };
  const check = (value: object): void => {
    const validate = kinds[(value as Manifest).kind]!;
    if (!validate(value)) throw new Error(validate.errors!.map(({ instancePath, message }) => `${instancePath} ${message}`).join(", "));
  };
  for (const path of ["kubernetes/registry.yaml", "kubernetes/pull.yaml"]) {
    for (const manifest of manifests(path)) {
      assert.deepEqual(unknownKeys(manifest, check), [], `${path}: ${manifest.kind}`);
      assert.throws(() => check({ ...manifest, metadata: "none" }), /metadata/);
    }
  }
  const [first] = manifests("kubernetes/registry.yaml");
  assert.deepEqual(unknownKeys({ ...first, dataa: {} }, check), ["dataa"]);
});

test("the parts of the manifests fit together, and to what the server does", () => {
  const all = Object.fromEntries(manifests("kubernetes/registry.yaml").map((manifest) => [manifest.kind, manifest]));
  const pod = (all["StatefulSet"]!["spec"] as { template: { metadata: { labels: object }; spec: PodSpec } }).template;
  const service = all["Service"]!["spec"] as { selector: object; ports: { targetPort: string }[] };
  const container = pod.spec.containers[0]!;
  const ports = Object.fromEntries(container.ports.map(({ name, containerPort }) => [name, containerPort]));
  assert.deepEqual(service.selector, pod.metadata.labels);
  for (const { targetPort } of service.ports) assert.ok(ports[targetPort], targetPort);
  const data = (all["ConfigMap"]!["data"] as Record<string, string>)["registry.yaml"]!;
  const config = readConfig(data, "/etc/sampan/registry.yaml");
  assert.equal(config.metrics.listen, `0.0.0.0:${ports["metrics"]}`);
  for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
    assert.equal(probe.httpGet.port, "metrics");
    assert.match(probe.httpGet.path, /^\/(?:healthz|readyz)$/);
  }
  const claimed = (all["StatefulSet"]!["spec"] as { volumeClaimTemplates: Manifest[] }).volumeClaimTemplates.map(({ metadata }) => metadata.name);
  assert.deepEqual(container.volumeMounts.map(({ name }) => name).sort(), [...pod.spec.volumes.map(({ name }) => name), ...claimed].sort());
  const files = pod.spec.volumes.find(({ name }) => name === "config")!.projected!.sources.flatMap(({ secret }) => secret?.items.map(({ path }) => path) ?? []);
  assert.deepEqual(files, [config.access?.htpasswd, config.tls?.certificate, config.tls?.key]);
  assert.deepEqual(container.args.slice(0, 2), ["registry", "serve"]);
  assert.equal(container.args[container.args.indexOf("--config") + 1], "/etc/sampan/registry.yaml");
  const secret = manifests("kubernetes/pull.yaml").find(({ kind }) => kind === "Secret")! as unknown as { stringData: Record<string, string> };
  const { auths } = parse(secret.stringData[".dockerconfigjson"]!) as { auths: Record<string, { auth: string }> };
  assert.equal(Buffer.from(auths["registry.example.com"]!.auth, "base64").toString(), "robot$cluster:SECRET");
});

interface KubernetesValidator {
  (value: unknown): boolean;
  errors?: readonly { readonly instancePath: string; readonly message?: string }[] | null;
}

interface PodSpec {
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
    readonly volumeMounts: readonly { readonly name: string }[];
    readonly startupProbe: Probe;
    readonly livenessProbe: Probe;
    readonly readinessProbe: Probe;
  }[];
  readonly volumes: readonly { readonly name: string; readonly projected?: { readonly sources: readonly { readonly secret?: { readonly items: readonly { readonly path: string }[] } }[] } }[];
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

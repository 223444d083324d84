import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { mediaType } from "../../src/oci/media-type.ts";
import { basic, guardedRegistry } from "./guarded-registry.ts";
import { described, digestOf, imageManifest } from "./scratch-registry.ts";

export const PAGES_USERS = { alice: "alice-secret", bob: "bob-secret" };

const ACCESS = `groups: {core: [alice]}
grants:
  - {who: anonymous, role: reader, repositories: public/**}
  - {who: bob, role: writer, repositories: team/**}
  - {who: group:core, role: admin, repositories: "**"}`;
const MORE = `retention: {trash: 7d, rules: [{repositories: team/**, preset: last-3-versions}]}
immutable: [{repositories: prod/*, tags: v*}]
signatures: [{repositories: prod/*, any: true}]`;

interface Step {
  readonly createdBy: string;
  /** What its layer holds; undefined for a step without one. */
  readonly content?: string;
}

/**
 * A registry in this process with users, rules and some images: team/app in five versions, `multi` for two platforms, a signature; prod/shop;
 * public/base. alice administers everything, bob writes to team/**.
 */
export async function pagesRegistry(context: TestContext) {
  const { server } = await guardedRegistry(context, { users: PAGES_USERS, access: ACCESS, more: MORE });
  const headers = { authorization: basic("alice", PAGES_USERS.alice) };

  const blob = async (repository: string, content: string): Promise<string> => {
    const digest = digestOf(content);
    const pushed = await server.request("POST", `/v2/${repository}/blobs/uploads/?digest=${digest}`, { headers, body: content });
    assert.equal(pushed.status, 201, pushed.body.toString());
    return digest;
  };
  const manifest = async (repository: string, reference: string, document: { mediaType: string }): Promise<{ digest: string; size: number }> => {
    const body = JSON.stringify(document);
    const pushed = await server.request("PUT", `/v2/${repository}/manifests/${reference}`, { headers: { ...headers, "content-type": document.mediaType }, body });
    assert.equal(pushed.status, 201, pushed.body.toString());
    return { digest: digestOf(body), size: body.length };
  };
  /** @param reference a tag, or nothing for by digest */
  const image = async (repository: string, reference: string | undefined, { steps, env = [], architecture = "amd64" }: { steps: readonly Step[]; env?: readonly string[]; architecture?: string }) => {
    const config = JSON.stringify({
      architecture, os: "linux", created: "2026-01-02T03:04:05Z", config: { Env: ["PATH=/usr/bin:/bin", ...env], Entrypoint: ["/app/serve"], User: "app", Labels: { role: "shop" } },
      rootfs: { type: "layers", diff_ids: steps.flatMap(({ content }) => (content === undefined ? [] : [digestOf(content)])) },
      history: steps.map(({ createdBy, content }) => ({ created: "2026-01-02T03:04:05Z", created_by: createdBy, ...(content === undefined ? { empty_layer: true } : {}) })),
    });
    const layers = [];
    for (const { content } of steps) if (content !== undefined) layers.push(described(await blob(repository, content), content.length));
    const document = imageManifest({ config: described(await blob(repository, config), config.length, mediaType.ociConfig), layers });
    return manifest(repository, reference ?? digestOf(JSON.stringify(document)), document);
  };

  const base = { createdBy: "COPY rootfs / # base", content: "b".repeat(300_000) };
  for (const version of ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.10.0"]) {
    await image("team/app", version, {
      env: [`VERSION=${version}`],
      steps: [base, { createdBy: "ENV VERSION" }, { createdBy: "RUN npm ci --omit=dev", content: "modules".repeat(20_000) }, { createdBy: "COPY dist /app # application", content: `app ${version} `.repeat(4000) }],
    });
  }
  const latest = await image("team/app", "latest", { env: ["VERSION=1.10.0"], steps: [base, { createdBy: "COPY dist /app", content: "latest ".repeat(9000) }] });
  const parts = await Promise.all(["amd64", "arm64"].map(async (architecture) => ({
    ...(await image("team/app", undefined, { architecture, steps: [{ createdBy: `COPY ${architecture} /`, content: architecture.repeat(12_000) }] })), architecture,
  })));
  await manifest("team/app", "multi", {
    schemaVersion: 2, mediaType: mediaType.ociIndex,
    manifests: parts.map(({ digest, size, architecture }) => ({ mediaType: mediaType.ociManifest, digest, size, platform: { os: "linux", architecture } })),
  } as { mediaType: string });
  const empty = described(await blob("team/app", "{}"), 2, mediaType.ociEmpty);
  const signature = imageManifest({ config: empty, layers: [empty], artifactType: "application/vnd.example.signature", subject: described(latest.digest, latest.size, mediaType.ociManifest) });
  await manifest("team/app", digestOf(JSON.stringify(signature)), signature);
  await image("prod/shop", "v1", { steps: [{ createdBy: "COPY shop /", content: "shop".repeat(50_000) }] });
  await image("public/base", "1", { steps: [base] });
  return { server, latest: latest.digest };
}

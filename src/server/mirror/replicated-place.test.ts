import assert from "node:assert/strict";
import { test } from "node:test";
import { registryError, reply, startScriptedServer } from "../../../test/support/scripted-server.ts";
import type { ReplicationRule } from "../config/replication-section.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import { openReplicatedPlace } from "./replicated-place.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

test("a tag is deleted here when the list over there is without it and its own address says so too, and not for a list that is cut off or refused", async () => {
  await using source = await startScriptedServer(({ method, url }, response) => {
    if (url.startsWith("/v2/cut/tags/list")) return reply(response, 200, { "content-type": "application/json" }, { name: "cut", tags: ["1"] });
    if (url.startsWith("/v2/odd/")) return reply(response, 200, { "content-type": "application/json" }, {});
    if (method === "HEAD" && url === "/v2/cut/manifests/2") return reply(response, 200, { "docker-content-digest": DIGEST, "content-type": "application/vnd.oci.image.manifest.v1+json" });
    if (method === "HEAD" && url === "/v2/cut/manifests/4") return reply(response, 403);
    return reply(response, 404, { "content-type": "application/json" }, registryError("NAME_UNKNOWN", "no such thing"));
  });
  const discarded: string[] = [];
  const metadata = {
    tags: async () => ({ items: ["1", "2", "3", "4"], more: false }),
    manifest: async () => ({ digest: DIGEST }),
    discardTag: async (repository: string, { tag }: { tag: string }) => Boolean(discarded.push(`${repository}:${tag}`)),
  };
  const rule = { from: source.origin, repositories: ["cut", "odd", "hidden"], referrers: true, delete: true, interval: 1000 } as ReplicationRule;
  await using place = openReplicatedPlace(rule, { storage: { metadata } as unknown as RegistryStorage, immutable: () => false, trash: 1000, password: undefined, certificates: [] });
  const { signal } = new AbortController();

  assert.deepEqual([await place.remove("cut", "1", signal), await place.remove("cut", "2", signal), await place.remove("cut", "3", signal)], [false, false, true]);
  await assert.rejects(place.remove("cut", "4", signal));
  assert.deepEqual([await place.lost("odd", signal), await place.remove("odd", "1", signal)], [["1", "2", "3", "4"], false]);
  assert.deepEqual([await place.lost("hidden", signal), await place.remove("hidden", "1", signal)], [[], false]);
  assert.deepEqual(discarded, ["cut:3"]);
});

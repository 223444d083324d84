import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { Digest } from "../../src/oci/digest.ts";
import type { Metadata } from "../../src/server/storage/metadata.ts";
import type { RegistryEvent } from "../../src/server/storage/records.ts";
import { actor, describe, digestOf, imageOf, indexOf, manifestOf, pushImage, put } from "./contract-content.ts";
import { limitsContract } from "./limits-contract.ts";
import { objectRecordsContract } from "./object-records-contract.ts";
import { transferContract } from "./transfer-contract.ts";

/** Where one test keeps its records; each `open` is another process's view of the same ones. */
export interface MetadataPlace {
  open(options?: { lease?: number }): Promise<Metadata>;
}

/** What every driver of {@link Metadata} has to hold. `repositories`: how many there are in the test of long lists, each made by a transaction; `rounds`: of changes that are tried at random. */
export function metadataContract(driver: string, place: (context: TestContext) => MetadataPlace, { repositories = 10_000, rounds = 600 } = {}): void {
  const contract = (title: string, check: (metadata: Metadata, place: MetadataPlace) => Promise<void>): void =>
    void test(`${driver}: ${title}`, async (context) => {
      const here = place(context);
      await using metadata = await here.open();
      await check(metadata, here);
    });

  objectRecordsContract(driver, place);
  transferContract(driver, place);
  limitsContract(driver, place, { rounds });

  contract("where the records lie is the same for all who open them", async (metadata, here) => {
    await using other = await here.open();
    assert.equal(await other.place(), await metadata.place());
  });

  contract("a repository exists from its first blob on", async (metadata) => {
    assert.equal(await metadata.repositoryExists("app"), false);
    await metadata.addBlob("app", { digest: digestOf("x"), size: 1 }, actor);
    assert.equal(await metadata.repositoryExists("app"), true);
    assert.equal(await metadata.blobSize("app", digestOf("x")), 1);
    assert.equal(await metadata.blobSize("other", digestOf("x")), undefined);
    assert.equal(await metadata.blobState(digestOf("x")), "live");
    assert.equal(await metadata.blobState(digestOf("y")), "unknown");
  });

  contract("a manifest is found by tag and digest, byte for byte", async (metadata) => {
    const manifest = await pushImage(metadata, "app", "one", ["v1", "latest"]);
    for (const reference of ["v1", "latest", manifest.digest]) {
      const found = await metadata.manifest("app", reference);
      assert.deepEqual({ ...found, bytes: Buffer.from(found!.bytes) }, { ...manifest, bytes: Buffer.from(manifest.bytes) });
    }
    assert.equal(await metadata.manifest("app", "v2"), undefined);
    assert.equal(await metadata.manifest("other", "v1"), undefined);
    assert.equal(await metadata.hasManifest("app", manifest.digest), true);
    assert.equal(await metadata.hasManifest("app", digestOf("x")), false);
  });

  contract("tags, repositories and changes are shown with what is known of them", async (metadata) => {
    assert.deepEqual([await metadata.tagDetails("app", {}), await metadata.repositoryUse("app"), await metadata.storedSize()], [undefined, undefined, 0]);
    const manifest = await pushImage(metadata, "app", "one", ["a", "b"]);
    await pushImage(metadata, "other", "one", ["a"]);
    const listed = await metadata.tagDetails("app", { limit: 1 });
    assert.deepEqual([listed!.items.map(({ tag }) => tag), listed!.more], [["a"], true]);
    const [details] = (await metadata.tagDetails("app", { after: "a" }))!.items;
    assert.deepEqual({ ...details, pushedAt: 0 }, { tag: "b", digest: manifest.digest, mediaType: manifest.mediaType, pushedAt: 0, pushedBy: actor.user, pulledAt: undefined, pulls: 0, referrers: 0 });
    assert.ok(Math.abs(details!.pushedAt - Date.now()) < 60_000);
    const [use, same] = [await metadata.repositoryUse("app"), await metadata.repositoryUse("other")];
    assert.deepEqual([use!.tags, same!.tags, use!.size], [2, 1, same!.size]);
    assert.equal(await metadata.storedSize(), use!.size, "what two repositories have is stored once");

    const all = (await metadata.events({ after: 0, limit: 1000 })).toReversed();
    assert.deepEqual(await metadata.latestEvents({ limit: 1000 }), all);
    assert.deepEqual(await metadata.latestEvents({ before: all[1]!.id, limit: 2 }), all.slice(2, 4));
  });

  contract("a manifest whose content is not there is not stored, and what is missing is told", async (metadata) => {
    const { manifest, config, layer } = imageOf("one");
    assert.deepEqual(await put(metadata, "app", manifest, ["v1"]), [config, layer]);
    await metadata.addBlob("app", { digest: config, size: 10 }, actor);
    await metadata.addBlob("other", { digest: layer, size: 20 }, actor);
    assert.deepEqual(await put(metadata, "app", manifest, ["v1"]), [layer]);
    assert.equal(await metadata.manifest("app", "v1"), undefined);
    assert.deepEqual(await put(metadata, "app", manifest, ["v1"], { sparse: "manifests" }), []);
    const index = indexOf([describe(imageOf("two").manifest)]);
    assert.deepEqual(await put(metadata, "app", index, ["all"]), [imageOf("two").manifest.digest]);
    assert.deepEqual(await put(metadata, "app", index, ["all"], { sparse: "indexes" }), []);
    assert.deepEqual(await metadata.indexesOf("app", imageOf("two").manifest.digest), [index.digest]);
    assert.deepEqual([await metadata.indexesOf("app", index.digest), await metadata.indexesOf("other", imageOf("two").manifest.digest)], [[], []]);
  });

  contract("a tag moves; deleted, it leaves its manifest; a deleted manifest takes its tags along", async (metadata) => {
    const first = await pushImage(metadata, "app", "one", ["latest", "old"]);
    const second = await pushImage(metadata, "app", "two", ["latest"]);
    assert.equal((await metadata.manifest("app", "latest"))?.digest, second.digest);
    assert.equal(await metadata.deleteTag("app", "latest", actor), true);
    assert.equal(await metadata.deleteTag("app", "latest", actor), false);
    assert.equal(await metadata.manifest("app", "latest"), undefined);
    assert.ok(await metadata.manifest("app", second.digest));
    assert.equal(await metadata.deleteManifest("app", first.digest, actor), true);
    assert.equal(await metadata.deleteManifest("app", first.digest, actor), false);
    assert.deepEqual((await metadata.tags("app", {}))?.items, []);
    assert.equal(await metadata.manifest("app", first.digest), undefined);
  });

  contract("a blob is mounted from where it is, and only from there", async (metadata) => {
    const digest = digestOf("x");
    await metadata.addBlob("source", { digest, size: 1 }, actor);
    assert.equal(await metadata.mountBlob("one", digest, { from: "source", actor }), true);
    assert.equal(await metadata.mountBlob("two", digest, { actor }), true);
    assert.equal(await metadata.mountBlob("three", digest, { from: "empty", actor }), false);
    assert.equal(await metadata.mountBlob("three", digestOf("y"), { actor }), false);
    assert.equal(await metadata.repositoryExists("three"), false);
    assert.equal(await metadata.blobSize("one", digest), 1);
  });

  contract("the last repository to let a blob go makes it deleting; it comes back when that has ended", async (metadata) => {
    const digest = digestOf("x");
    await metadata.addBlob("one", { digest, size: 1 }, actor);
    await metadata.addBlob("two", { digest, size: 1 }, actor);
    assert.equal(await metadata.unlinkBlob("one", digest, actor), "unlinked");
    assert.equal(await metadata.unlinkBlob("one", digest, actor), "unknown");
    assert.equal(await metadata.unlinkBlob("two", digest, actor), "last");
    assert.equal(await metadata.blobState(digest), "deleting");
    assert.equal(await metadata.addBlob("one", { digest, size: 1 }, actor), "deleting");
    assert.equal(await metadata.mountBlob("one", digest, { actor }), false);
    assert.equal(await metadata.leaseBlob("one", digest), undefined);
    assert.deepEqual(await metadata.abandonedBlobs(Date.now() - 60_000), []);
    assert.deepEqual(await metadata.abandonedBlobs(Date.now() + 1), [digest]);
    let taken = 0;
    const takeAway = (): void => void (taken += 1);
    assert.equal(await metadata.forgetBlob(digest, takeAway), true);
    assert.equal(await metadata.blobState(digest), "unknown");
    assert.equal(await metadata.addBlob("one", { digest, size: 1 }, actor), "added");
    assert.equal(await metadata.forgetBlob(digest, takeAway), false);
    assert.equal(taken, 1, "who comes late takes nothing away");
    assert.equal(await metadata.blobState(digest), "live");
  });

  contract("lists come in pages, in order, each item once", async (metadata) => {
    const names = ["Alpha", "_x", "beta", "v10", "v2", "v2.1"];
    for (const name of names) await pushImage(metadata, "app", "one", [name]);
    assert.deepEqual(await metadata.tags("app", {}), { items: names, more: false });
    assert.deepEqual(await metadata.tags("app", { limit: 2 }), { items: names.slice(0, 2), more: true });
    assert.deepEqual(await metadata.tags("app", { limit: 4, after: "_x" }), { items: names.slice(2), more: false });
    assert.deepEqual(await metadata.tags("app", { after: "between" }), { items: names.slice(2).filter((name) => name > "between"), more: false });
    assert.deepEqual((await metadata.tags("app", { limit: 0 }))?.items, []);
    assert.equal(await metadata.tags("unknown", {}), undefined);
    for (const name of ["b", "a/b", "a"]) await metadata.addBlob(name, { digest: digestOf("x"), size: 1 }, actor);
    assert.deepEqual(await metadata.repositories({}), { items: ["a", "a/b", "app", "b"], more: false });
    assert.deepEqual(await metadata.repositories({ after: "a", limit: 2 }), { items: ["a/b", "app"], more: true });
  });

  contract("a list that was read shows what changes afterwards", async (metadata) => {
    await pushImage(metadata, "app", "one", ["a"]);
    assert.deepEqual((await metadata.tags("app", {}))?.items, ["a"]);
    await pushImage(metadata, "app", "one", ["b"]);
    assert.deepEqual((await metadata.tags("app", {}))?.items, ["a", "b"]);
    assert.deepEqual((await metadata.repositories({})).items, ["app"]);
    await pushImage(metadata, "other", "one", ["b"]);
    assert.deepEqual((await metadata.repositories({})).items, ["app", "other"]);
    await metadata.deleteTag("app", "a", actor);
    assert.deepEqual((await metadata.tags("app", {}))?.items, ["b"]);
  });

  contract("referrers are what names a subject, by type and in pages", async (metadata) => {
    const subject = await pushImage(metadata, "app", "subject", ["v1"]);
    const pushed: { digest: Digest; type: string }[] = [];
    for (const [index, type] of ["application/a", "application/b", "application/a", "application/b", "application/a"].entries()) {
      const { digest } = await pushImage(metadata, "app", `referrer ${index}`, [], { artifactType: type, subject: describe(subject), annotations: { index: String(index) } });
      pushed.push({ digest, type });
    }
    const sorted = pushed.map(({ digest }) => digest).sort();
    const all = await metadata.referrers("app", subject.digest, {});
    assert.deepEqual(all.items.map(({ digest }) => digest), sorted);
    assert.ok(all.items.every(({ annotations, artifactType }) => annotations?.["index"] !== undefined && artifactType?.startsWith("application/")));
    const first = await metadata.referrers("app", subject.digest, { limit: 3 });
    const rest = await metadata.referrers("app", subject.digest, { limit: 3, after: first.items[2]!.digest });
    assert.deepEqual([first.more, rest.more, [...first.items, ...rest.items].map(({ digest }) => digest)], [true, false, sorted]);
    const filtered = await metadata.referrers("app", subject.digest, { artifactType: "application/a" });
    assert.deepEqual(filtered.items.map(({ digest }) => digest), pushed.filter(({ type }) => type === "application/a").map(({ digest }) => digest).sort());
    await metadata.deleteManifest("app", sorted[0]!, actor);
    assert.equal((await metadata.referrers("app", subject.digest, {})).items.length, 4);
    assert.deepEqual(await metadata.referrers("app", digestOf("x"), {}), { items: [], more: false });
    assert.deepEqual(await metadata.referrers("unknown", subject.digest, {}), { items: [], more: false });
  });

  contract("a fallback tag's index makes referrers of what names no subject itself, while it lasts", async (metadata) => {
    const subject = await pushImage(metadata, "app", "subject", ["v1"]);
    const tag = subject.digest.replace(":", "-");
    const plain = await pushImage(metadata, "app", "plain");
    const own = await pushImage(metadata, "app", "own", [], { subject: describe(subject), artifactType: "application/own" });
    const listed = async (): Promise<unknown> => (await metadata.referrers("app", subject.digest, {})).items.map(({ digest, artifactType, annotations }) => [digest, artifactType, annotations]);
    const ownRow = [own.digest, "application/own", undefined];
    assert.deepEqual(await listed(), [ownRow]);
    await put(metadata, "app", indexOf([{ ...describe(plain), artifactType: "application/plain", annotations: { by: "me" } }, describe(own)]), [tag]);
    const plainRow = [plain.digest, "application/plain", { by: "me" }];
    assert.deepEqual(await listed(), [ownRow, plainRow].sort((a, b) => (a[0]! < b[0]! ? -1 : 1)));
    await put(metadata, "app", indexOf([describe(own)]), [tag]);
    assert.deepEqual(await listed(), [ownRow]);
    await put(metadata, "app", indexOf([describe(plain)]), [tag]);
    await metadata.deleteTag("app", tag, actor);
    assert.deepEqual(await listed(), [ownRow]);
  });

  contract("every change writes its event, in order, with who and from where", async (metadata) => {
    const first = await pushImage(metadata, "app", "one", ["v1"]);
    const second = await pushImage(metadata, "app", "two", ["v1"]);
    await metadata.mountBlob("other", imageOf("one").layer, { from: "app", actor });
    await metadata.deleteManifest("app", second.digest, actor);
    const events = await metadata.events({ after: 0, limit: 100 });
    const told = ({ action, repository, tag, digest, detail }: RegistryEvent): unknown[] => [action, repository, tag, digest === first.digest ? "first" : digest === second.digest ? "second" : digest && "blob", detail];
    assert.deepEqual(events.map(told), [
      ["repository.create", "app", undefined, undefined, undefined],
      ["blob.push", "app", undefined, "blob", undefined],
      ["blob.push", "app", undefined, "blob", undefined],
      ["manifest.push", "app", undefined, "first", undefined],
      ["tag.create", "app", "v1", "first", undefined],
      ["blob.push", "app", undefined, "blob", undefined],
      ["blob.push", "app", undefined, "blob", undefined],
      ["manifest.push", "app", undefined, "second", undefined],
      ["tag.move", "app", "v1", "second", { before: first.digest }],
      ["repository.create", "other", undefined, undefined, undefined],
      ["blob.mount", "other", undefined, "blob", { from: "app" }],
      ["tag.delete", "app", "v1", "second", undefined],
      ["manifest.delete", "app", undefined, "second", undefined],
    ]);
    assert.ok(events.every(({ user, address, agent, at }) => user === "ana" && address === "192.0.2.1" && agent === "contract/1" && Math.abs(at - Date.now()) < 60_000));
    assert.ok(events.every(({ id }, index) => index === 0 || id > events[index - 1]!.id));
    assert.deepEqual((await metadata.events({ after: events[3]!.id, limit: 2 })).map(({ id }) => id), [events[4]!.id, events[5]!.id]);
  });

  contract("events are forgotten from the first on, and what comes later has new ids", async (metadata) => {
    await pushImage(metadata, "app", "one", ["v1"]);
    const before = await metadata.events({ after: 0, limit: 100 });
    await metadata.forgetEvents(before[1]!.id);
    assert.deepEqual(await metadata.events({ after: 0, limit: 100 }), before.slice(2));
    await metadata.forgetEvents(before.at(-1)!.id);
    await metadata.deleteTag("app", "v1", actor);
    const after = await metadata.events({ after: 0, limit: 100 });
    assert.equal(after.length, 1);
    assert.ok(after[0]!.id > before.at(-1)!.id);
  });

  contract("what one process changes another one sees at its next look", async (metadata, place) => {
    await using other = await place.open();
    const first = await pushImage(metadata, "app", "one", ["v1"]);
    const subject = describe(first);
    assert.equal((await other.manifest("app", "v1"))?.digest, first.digest);
    assert.deepEqual([(await other.tags("app", {}))?.items, (await other.repositories({})).items, (await other.referrers("app", first.digest, {})).items], [["v1"], ["app"], []]);
    assert.equal(await other.blobSize("app", imageOf("one").layer), 20);
    const second = await pushImage(metadata, "app", "two", ["v1", "v2"], { subject });
    await pushImage(metadata, "next", "one");
    await metadata.unlinkBlob("app", imageOf("one").layer, actor);
    await wait(1);
    assert.equal((await other.manifest("app", "v1"))?.digest, second.digest);
    assert.deepEqual([(await other.tags("app", {}))?.items, (await other.repositories({})).items], [["v1", "v2"], ["app", "next"]]);
    assert.equal((await other.referrers("app", first.digest, {})).items.length, 1);
    assert.equal(await other.blobSize("app", imageOf("one").layer), undefined);
    await metadata.deleteManifest("app", second.digest, actor);
    await wait(1);
    assert.equal(await other.manifest("app", second.digest), undefined);
  });

  contract("what is imported keeps its times: a tag moves to what was pushed later", async (metadata) => {
    const [one, two, three] = [indexOf([], { annotations: { number: "1" } }), indexOf([], { annotations: { number: "2" } }), indexOf([], { annotations: { number: "3" } })];
    const references = { blobs: [], manifests: [] };
    const take = (manifest: typeof one, at: number, tags: readonly string[]): Promise<readonly string[]> =>
      metadata.importRepository({ name: "app", blobs: [{ digest: digestOf("x"), size: 1, at }], manifests: [{ manifest, references, at }], tags: tags.map((name) => ({ name, digest: manifest.digest, at })) }, actor);
    assert.deepEqual(await take(one, 1000, ["v1", "latest"]), []);
    assert.deepEqual(await take(two, 2000, ["latest"]), []);
    assert.deepEqual(await take(three, 500, ["latest"]), []);
    assert.equal((await metadata.manifest("app", "latest"))?.digest, two.digest);
    await put(metadata, "app", three, ["v1"]);
    await take(two, 3000, ["v1"]);
    assert.equal((await metadata.manifest("app", "v1"))?.digest, three.digest);
    assert.equal(await metadata.blobSize("app", digestOf("x")), 1);
    assert.deepEqual(await metadata.importRepository({ name: "app", blobs: [], manifests: [], tags: [{ name: "lost", digest: digestOf("y"), at: 1 }] }, actor), ["lost"]);
  });

  contract("records stay when they are opened again", async (metadata, place) => {
    const manifest = await pushImage(metadata, "team/app", "one", ["v1"]);
    metadata.notePull("team/app", { digest: manifest.digest, tag: "v1" });
    await metadata[Symbol.asyncDispose]();
    await using again = await place.open();
    assert.equal((await again.manifest("team/app", "v1"))?.digest, manifest.digest);
    assert.deepEqual((await again.repositories({})).items, ["team/app"]);
    assert.equal((await again.events({ after: 0, limit: 10 })).length, 5);
  });

  contract("changes of many at the same time leave nothing half", async (metadata, place) => {
    await using other = await place.open();
    const both = [metadata, other];
    const blob = { digest: digestOf("shared"), size: 6 };
    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 16 }, (_, index) => both[index % 2]!.addBlob(`app${index % 4}`, blob, actor)))), new Set(["added"]));
    const images = await Promise.all(["one", "two", "three"].map((text) => pushImage(metadata, "app", text)));
    await Promise.all(Array.from({ length: 48 }, (_, index) => (index % 6 === 5 ? both[index % 2]!.deleteManifest("app", images[index % 3]!.digest, actor) : put(both[index % 2]!, "app", images[index % 3]!, [`t${index % 5}`, "latest"]))));
    await wait(1);
    for (const tag of (await metadata.tags("app", {}))!.items) assert.ok(await metadata.manifest("app", tag), tag);
  });

  contract("secrets are found by hash and id, and what another process does to them is seen", async (metadata, place) => {
    await using other = await place.open();
    const secret = { kind: "robot", owner: "", name: "ci", hash: "aa", scope: { role: "writer", repositories: ["a/*", "b"] }, expiresAt: undefined, person: undefined } as const;
    const { id } = (await metadata.createSecret(secret, actor))!;
    assert.equal(await metadata.createSecret({ ...secret, hash: "bb" }, actor), undefined);
    const { createdAt, ...found } = (await other.secretOf("aa"))!;
    assert.deepEqual(found, { ...secret, id, disabled: false, usedAt: undefined });
    assert.ok(createdAt > Date.now() - 60_000);
    assert.equal(await other.secretOf("bb"), undefined);
    await wait(5);
    assert.equal(await metadata.disableSecret(secret, true, actor), true);
    assert.deepEqual([(await metadata.secretById(id))?.disabled, (await other.secretById(id))?.disabled], [true, true]);
    assert.equal((await other.createSecret({ ...secret, kind: "token", owner: "alice", hash: "cc" }, actor))?.owner, "alice");
    assert.deepEqual([(await metadata.secrets("robot")).length, (await metadata.secrets("token")).length, (await metadata.secrets("token", "bob")).length], [1, 1, 0]);
    await wait(5);
    assert.equal(await other.deleteSecret(secret, actor), true);
    await wait(5);
    assert.deepEqual([await metadata.secretOf("aa"), await metadata.secretById(id)], [undefined, undefined]);
    assert.equal(await metadata.deleteSecret(secret, actor), false);
    assert.notEqual((await metadata.createSecret(secret, actor))?.id, id);
  });

  contract("a token is bound once to the person it is of, and anew when it is put back to use", async (metadata, place) => {
    await using other = await place.open();
    const token = { kind: "token", owner: "alice", name: "laptop", hash: "aa", scope: undefined, expiresAt: undefined } as const;
    const { id, person } = (await metadata.createSecret({ ...token, person: "first" }, actor))!;
    assert.equal(person, "first");
    assert.equal((await other.secretOf("aa"))?.person, "first");
    await other.bindSecret(id, "second");
    await wait(5);
    assert.deepEqual([(await metadata.secretById(id))?.person, (await other.secretOf("aa"))?.person], ["first", "first"]);
    for (const [disabled, wanted] of [[true, "first"], [false, undefined]] as const) {
      await metadata.disableSecret(token, disabled, actor);
      await wait(5);
      assert.deepEqual([(await metadata.secretById(id))?.person, (await other.secretOf("aa"))?.person], [wanted, wanted]);
    }
    await other.bindSecret(id, "second");
    await metadata.bindSecret(id, "third");
    await wait(5);
    assert.deepEqual([(await metadata.secretById(id))?.person, (await other.secretOf("aa"))?.person, (await metadata.secrets("token"))[0]?.person], ["second", "second", "second"]);
  });

  contract("lists of 10,000 are whole, and paged in the same order", async (metadata) => {
    const manifest = manifestOf({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [] });
    const tags = Array.from({ length: 10_000 }, (_, index) => `v${index}`);
    const at = Date.now();
    await metadata.importRepository({ name: "app", blobs: [], manifests: [{ manifest, references: { blobs: [], manifests: [] }, at }], tags: tags.map((name) => ({ name, digest: manifest.digest, at })) }, actor);
    const referrers = Array.from({ length: 10_000 }, (_, index) => manifestOf({ schemaVersion: 2, config: { mediaType: "application/x" }, annotations: { index: String(index) }, subject: describe(manifest) }));
    await metadata.importRepository({ name: "app", blobs: [], manifests: referrers.map((item) => ({ manifest: item, references: { blobs: [], manifests: [] }, at })), tags: [] }, actor);
    for (let start = 0; start < repositories; start += 500) await Promise.all(tags.slice(start, start + 500).map((name) => metadata.importRepository({ name: `many/${name}`, blobs: [], manifests: [], tags: [] }, actor)));
    const sorted = [...tags].sort();
    assert.deepEqual((await metadata.tags("app", {}))?.items, sorted);
    const pages = async (read: (after: string | undefined) => Promise<{ items: readonly string[]; more: boolean }>): Promise<string[]> => {
      const seen: string[] = [];
      for (let more = true; more; ) {
        const page = await read(seen.at(-1));
        seen.push(...page.items);
        more = page.more;
      }
      return seen;
    };
    assert.deepEqual(await pages(async (after) => (await metadata.tags("app", { after, limit: 999 }))!), sorted);
    assert.deepEqual(await pages((after) => metadata.repositories({ after, limit: 1000 })), ["app", ...tags.slice(0, repositories).sort().map((tag) => `many/${tag}`)]);
    const listed = await pages(async (after) => {
      const page = await metadata.referrers("app", manifest.digest, { after, limit: 1000 });
      return { items: page.items.map(({ digest }) => digest), more: page.more };
    });
    assert.deepEqual(listed, referrers.map(({ digest }) => digest).sort());
  });
}

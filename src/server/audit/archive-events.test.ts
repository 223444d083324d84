import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { RegistryEvent } from "../storage/records.ts";
import { archiveEvents } from "./archive-events.ts";

const DAY = 24 * 3_600_000;

test("old events go to a file of their month, in order, and are forgotten when they are written", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-archive-"));
  context.after(() => rmSync(folder, { recursive: true }));
  context.mock.timers.enable({ apis: ["Date"], now: Date.UTC(2026, 10, 27) });
  let events: RegistryEvent[] = Array.from({ length: 1203 }, (_, index) => ({
    id: index + 1, at: Date.UTC(2026, 9, 1) + index * DAY / 24, action: "tag.create", repository: "app", tag: `v${index}`,
    digest: undefined, user: "ana", address: undefined, agent: undefined, detail: undefined,
  }));
  const metadata = {
    events: async ({ limit }: { limit: number }) => events.slice(0, limit),
    forgetEvents: async (upTo: number) => void (events = events.filter(({ id }) => id > upTo)),
  };
  const archive = join(folder, "audit");
  assert.equal(await archiveEvents(metadata, { keep: 0, folder: archive }), 0);
  assert.equal(existsSync(archive), false);
  assert.equal(await archiveEvents(metadata, { keep: 20 * DAY, folder: archive }), 37 * 24);
  assert.equal(events.length, 1203 - 37 * 24);
  assert.equal(events[0]!.at, Date.UTC(2026, 10, 7));
  assert.deepEqual(readdirSync(archive), ["events-2026-10.jsonl", "events-2026-11.jsonl"]);
  const lines = readdirSync(archive).flatMap((name) => readFileSync(join(archive, name), "utf8").trimEnd().split("\n")).map((line) => JSON.parse(line) as { id: number; time: string });
  assert.deepEqual(lines.map(({ id }) => id), Array.from({ length: 37 * 24 }, (_, index) => index + 1));
  assert.equal(lines[0]!.time, "2026-10-01T00:00:00.000Z");
  assert.equal(statSync(join(archive, "events-2026-10.jsonl")).mode & 0o777, 0o600);
  assert.equal(await archiveEvents(metadata, { keep: 20 * DAY, folder: archive }), 0);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { RegistryEvent } from "../storage/records.ts";
import { cloudEvent } from "./cloud-event.ts";

const push: RegistryEvent = {
  id: 7, at: Date.UTC(2026, 10, 28, 13), action: "tag.create", repository: "team/app", tag: "1", digest: `sha256:${"a".repeat(64)}`,
  detail: undefined, user: "alice", address: "192.0.2.1", agent: "docker",
};
const robot: RegistryEvent = { ...push, id: 8, action: "robot.create", repository: "", tag: undefined, digest: undefined, detail: { name: "ci" } };

test("attributes are those of the specification: names, required ones, none that is empty", () => {
  for (const event of [push, robot, { ...push, tag: undefined }]) {
    const { data, ...attributes } = JSON.parse(cloudEvent(event, "/sampan-registry")) as Record<string, unknown>;
    for (const [name, value] of Object.entries(attributes)) {
      assert.match(name, /^[a-z0-9]{1,20}$/);
      assert.ok(typeof value === "string" && value.length > 0, name);
    }
    for (const name of ["id", "source", "specversion", "type"]) assert.ok(name in attributes, name);
    assert.equal(attributes["specversion"], "1.0");
    assert.equal(attributes["time"], "2026-11-28T13:00:00.000Z");
    assert.equal("subject" in attributes, event.repository !== "");
    assert.equal(typeof data, "object");
  }
});

test("an event that is sent again has the same id, and one that got its number after a backup was restored another one", () => {
  const idOf = (event: RegistryEvent): string => (JSON.parse(cloudEvent(event, "/r")) as { id: string }).id;
  assert.equal(idOf(push), idOf({ ...push }));
  assert.notEqual(idOf(push), idOf({ ...push, at: push.at + 1 }));
  assert.notEqual(idOf(push), idOf({ ...push, id: 70 }));
});

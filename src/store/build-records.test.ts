import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { sha256 } from "../oci/digest.ts";
import { BuildRecords } from "./build-records.ts";
import { Database } from "./database.ts";
import { migrate } from "./schema.ts";

const about = { name: "app", context: "/app", tags: [], buildArgs: {}, labels: {} };
const counts = { total: 2, completed: 2, cached: 1 };

function open(context: { after(work: () => void): void }): { database: Database; records: BuildRecords } {
  const database = new Database(join(temporaryFolder(context as never), "db"));
  context.after(() => database.close());
  migrate(database);
  return { database, records: new BuildRecords(database) };
}

test("a build is running until its end is noted, with its steps", (context) => {
  const { records } = open(context);
  const one = { ref: "one", about, counts, startedAt: Date.now() };
  records.save({ ...one, status: "running" }, []);
  assert.equal(records.list()[0]!.status, "running");
  const steps = [{ id: "s", name: "RUN x", log: [{ time: 1, stream: "stdout" as const, data: "aGk=" }] }];
  records.save({ ...one, status: "error", error: { message: "no" }, completedAt: Date.now() }, steps);
  const [record] = records.list();
  assert.deepEqual([record!.status, record!.error, record!.counts], ["error", { message: "no" }, counts]);
  assert.deepEqual(records.steps("one"), steps);
  const many = [{ ...steps[0]!, name: "x".repeat(50_000) }];
  records.save({ ...one, status: "completed", completedAt: Date.now() }, many);
  assert.deepEqual(records.steps("one"), many);
  assert.deepEqual(records.attachments("one"), []);
  const attachments = [
    { digest: sha256("[]"), type: "application/json", bytes: Buffer.from("[]") },
    { digest: sha256("long"), type: "text/plain", platform: "linux/arm64", bytes: Buffer.from("\xff".repeat(50_000), "latin1") },
  ];
  records.save({ ...one, status: "completed", completedAt: Date.now() }, many, attachments);
  assert.deepEqual(records.attachments("one"), attachments);
  assert.equal(records.list().length, 1);
  assert.equal(records.remove("one"), true);
  assert.equal(records.remove("one"), false);
});

test("the build of a process that is no more was canceled", (context) => {
  const { database, records } = open(context);
  records.save({ ref: "gone", status: "running", about, counts, startedAt: 1000 }, []);
  database.run("UPDATE build_record SET started = 'other', updated_at = 3000");
  const [record] = records.list();
  assert.deepEqual([record!.status, record!.completedAt, record!.error], ["canceled", 3000, { message: "the process was killed" }]);
});

test("a hundred records are kept, and none for longer than a month", (context) => {
  const { records } = open(context);
  const now = Date.now();
  for (let number = 0; number < 105; number += 1) records.save({ ref: `r${number}`, status: "running", about, counts, startedAt: now - number * 1000 }, []);
  records.save({ ref: "old", status: "running", about, counts, startedAt: now - 40 * 24 * 3600 * 1000 }, []);
  records.save({ ref: "r0", status: "completed", about, counts, startedAt: now, completedAt: now }, []);
  const refs = records.list().map(({ ref }) => ref);
  assert.equal(refs.length, 100);
  assert.equal(refs[0], "r0");
  assert.ok(!refs.includes("old"));
});

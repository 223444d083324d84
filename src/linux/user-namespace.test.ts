import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import fc from "fast-check";
import { doctorProbes } from "./doctor-probes.ts";
import { findProgram } from "./find-program.ts";
import { idMap, parseSubordinateIds } from "./subordinate-ids.ts";
import { insideUserNamespace, sameIds } from "./user-namespace.ts";

test("the map of ids tells which namespace this is", () => {
  assert.equal(insideUserNamespace("         0          0 4294967295\n"), undefined);
  assert.deepEqual(insideUserNamespace("0 1001 1\n"), { mapped: "one" });
  assert.deepEqual(insideUserNamespace("0 1001 1\n1 100000 65536\n"), { mapped: "many" });
  assert.deepEqual(insideUserNamespace("0 100000 65536\n"), { mapped: "many" });
});

test("ids stay what they are in a namespace below, which is told from a machine's first", () => {
  assert.equal(sameIds("         0          0 4294967295\n"), "0 0 4294967294\\n");
  assert.deepEqual(insideUserNamespace("0 0 4294967294\n"), { mapped: "many" });
  assert.equal(sameIds("0 1001 1\n1 100000 65536\n"), "0 0 1\\n1 1 65536\\n");
});

test("subordinate ids belong to a name or a number, and damaged lines to nobody", () => {
  const text = "a:100:10\n# comment\n1001:500:5\nb:1:1\na:x:1\na:7:0\na:300:20\n:1:1\n";
  assert.deepEqual(parseSubordinateIds(text, { name: "a", id: 1001 }), [{ start: 100, count: 10 }, { start: 500, count: 5 }, { start: 300, count: 20 }]);
  assert.deepEqual(parseSubordinateIds(text, { name: "", id: 5 }), []);
});

test("a map has root first and no id twice", () => {
  assert.deepEqual(idMap(1001, [{ start: 100000, count: 10 }, { start: 200000, count: 5 }]), [0, 1001, 1, 1, 100000, 10, 11, 200000, 5]);
  fc.assert(fc.property(fc.array(fc.record({ start: fc.nat(), count: fc.integer({ min: 1, max: 70000 }) })), (ranges) => {
    const map = idMap(1, ranges);
    let next = 0;
    for (let i = 0; i < map.length; i += 3) {
      assert.equal(map[i], next);
      next += map[i + 2]!;
    }
  }));
});

test("programs are found by PATH, in the system's folders, and by their path", () => {
  assert.match(findProgram("sh", "")!, /\/sh$/);
  assert.equal(findProgram("no-such-program", process.env["PATH"]), undefined);
  assert.equal(findProgram(process.execPath), process.execPath);
  assert.equal(findProgram(tmpdir()), undefined);
});

test("doctor names what it looked at, and how to mend what is not well", async () => {
  const rows = await doctorProbes({ root: `${tmpdir()}/no/such/store` });
  for (const name of ["kernel", "koffi", "util-linux", "overlay", "OCI runtimes", "space"]) assert.ok(rows.some((row) => row.name === name), name);
  for (const row of rows) assert.ok(row.why.length > 0 && (row.ok || row.mend), row.name);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { fault } from "../std/fault.ts";
import { tellOutages } from "./tell-outages.ts";

test("a database that is away is told once, then once a minute, and once when it is back", () => {
  const told: string[] = [];
  let now = 0;
  const report = tellOutages((problem) => told.push(problem.message), () => now);
  const lost = (): Error => fault("SERVER_DATABASE_LOST", { place: "db", problem: "gone" });
  const back = fault("SERVER_DATABASE_BACK", { place: "db" });
  const [away, there] = [lost().message, back.message];
  report(back);
  for (now = 0; now < 150_000; now += 500) report(now % 1000 === 0 ? lost() : new Error("a copy failed", { cause: lost() }));
  report(new Error("another problem"));
  report(back);
  report(back);
  report(lost());
  assert.deepEqual(told, [away, away, away, "another problem", there, away]);
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Database } from "../../src/store/database.ts";
import { sampanWithBase } from "./sampan-base.ts";

type Base = Awaited<ReturnType<typeof sampanWithBase>>;

/** The real binary with the busybox image; every container that is left goes with the test. */
export async function withContainers(context: TestContext, options: Parameters<typeof sampanWithBase>[1] = {}): Promise<Base & {
  /** Runs the binary, which has to succeed, and gives its standard output without the last line end. */
  readonly ok: (...words: string[]) => Promise<string>;
  /** Starts a container in the background and gives its id. */
  readonly detach: (...words: string[]) => Promise<string>;
}> {
  let root: string | undefined;
  // Before the folder is removed, and so before whatever else is to be done after the test.
  context.after(() => root !== undefined && killSupervisors(root));
  const base = await sampanWithBase(context, options);
  root = base.root;
  const ok = async (...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await base.sampan(words);
    assert.equal(status, 0, `${words.join(" ")}\n${stderr}`);
    return stdout.trimEnd();
  };
  return { ...base, ok, detach: (...words) => ok("run", "-d", ...words) };
}

/** The numbers of the processes that supervise the store's containers. */
export function supervisors(root: string): number[] {
  const database = new Database(join(root, "sampan.db"));
  try {
    return database.all<{ pid: number }>("SELECT pid FROM container WHERE pid IS NOT NULL").map(({ pid }) => pid);
  } finally {
    database.close();
  }
}

export function killSupervisors(root: string): void {
  for (const pid of supervisors(root)) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("supervisor-entry")) process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

/** Asks again and again until the answer is what is wanted. */
export async function eventually<Value>(ask: () => Promise<Value> | Value, wanted: (value: Value) => boolean): Promise<Value> {
  for (let tries = 0; ; tries += 1) {
    const value = await ask();
    if (wanted(value)) return value;
    assert.ok(tries < 600, `waited in vain: ${JSON.stringify(value)}`);
    await delay(50);
  }
}

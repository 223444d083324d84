import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { descendantsOf, processesWith } from "./process-tree.ts";

export interface FilesReport {
  readonly passed: number;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly failures: readonly { readonly name: string; readonly file: string | undefined }[];
}

/** Milliseconds without a word from any test after which they count as stuck: many times what the longest one takes on a slow machine. */
const STUCK = Number(process.env["SAMPAN_STUCK_AFTER"] ?? 10 * 60_000);

/**
 * Runs test files, each in a process of its own, and prints what they say. A test that waits for ever, or whose processes
 * outlive it and hold its output open, would keep the run from ending: it is ended, has failed, and what was still there is told.
 */
export function runFiles(files: readonly string[], { cwd, concurrency }: { readonly cwd: string; readonly concurrency: number }): Promise<FilesReport> {
  const { promise, resolve } = Promise.withResolvers<FilesReport>();
  let passed = 0;
  const skipped: { name: string; reason: string }[] = [];
  const failures: { name: string; file: string | undefined }[] = [];
  const heard = new Set<string>();
  const finish = (): void => {
    clearTimeout(watch);
    resolve({ passed, skipped, failures });
  };

  const events = run({ files: [...files], concurrency, cwd, execArgv: ["--import", join(import.meta.dirname, "leave-at-once.ts")] });
  events.on("test:pass", ({ name, file, skip, details }) => {
    if (file !== undefined) heard.add(file);
    if (details.type === "suite" || files.includes(name)) return;
    if (skip === undefined || skip === false) passed += 1;
    else skipped.push({ name, reason: String(skip) });
  });
  events.on("test:fail", ({ name, file, details }) => {
    if (file !== undefined) heard.add(file);
    if (details.type === "suite") return;
    failures.push({ name, file });
  });
  events.on("end", finish);
  events.on("data", () => void watch.refresh());
  const watch = setTimeout(() => {
    const left = remaining();
    const told = left.map(({ pid, parent, command }) => `\n    ${pid} of ${parent}: ${command.trim().slice(-160)}`).join("");
    process.stdout.write(`no word from a test for ${STUCK / 1000} s, while these ran:${told}\n`);
    for (const file of files) {
      if (!heard.has(file) || left.some(({ command }) => command.includes(file))) failures.push({ name: "stuck, or behind one that was", file });
    }
    const own = new Set(descendantsOf(process.pid).map(({ pid }) => pid));
    for (const pid of own) process.kill(pid, "SIGKILL");
    finish();
  }, STUCK);
  events.compose(spec).pipe(process.stdout, { end: false });
  return promise;
}

/** Processes that were started after this one. */
function remaining(): ReturnType<typeof descendantsOf> {
  const begun = descendantsOf(process.ppid).find(({ pid }) => pid === process.pid)!.started;
  return processesWith("").filter(({ started }) => Number(started) >= Number(begun));
}

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { runCall } from "../../src/cli/build/run-call.ts";
import type { Io } from "../../src/cli/io.ts";
import { isFault } from "../../src/std/fault.ts";
import { BASES } from "../golden/buildkit.ts";
import { noBusybox, writeBusyboxLayout } from "../support/busybox-base.ts";
import { importLayout } from "../support/import-layout.ts";
import { askBuildx } from "./ask-buildx.ts";
import { checkCases, METHODS, type Answer, type Answers, type CheckCase, type Method } from "./cases.ts";

/** The peer, where one runs: see record.ts. */
const live = process.env["BUILDX"];
const skip = process.getuid!() === 0 ? noBusybox : "needs root: the store of the base images";

describe("a Dockerfile is checked, outlined and listed as buildx and BuildKit do it", { skip }, () => {
  let root = "";

  before(async () => {
    root = mkdtempSync(join(tmpdir(), "checks-store-"));
    for (const [name, options] of Object.entries(BASES)) {
      const layout = mkdtempSync(join(tmpdir(), "checks-layout-"));
      writeBusyboxLayout(layout, options);
      await importLayout(root, layout, `docker.io/library/${name}`);
      rmSync(layout, { recursive: true, force: true });
    }
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  for (const one of checkCases()) {
    const recorded = JSON.parse(readFileSync(join(one.folder, "answers.json"), "utf8")) as Answers;
    for (const method of METHODS) {
      const told = recorded[method];
      if (told === undefined) continue;
      test(`${one.name}: ${method}`, async () => {
        const ours = await ask(one, method);
        assertSame(ours, told);
      });
    }
  }

  test("the recorded answers are those of the buildx that runs", { skip: live === undefined ? "BUILDX names no buildx" : false }, () => {
    for (const one of checkCases().filter(({ folder }) => !readFileSync(join(folder, "Dockerfile"), "utf8").includes("FROM onbuild"))) {
      const recorded = JSON.parse(readFileSync(join(one.folder, "answers.json"), "utf8")) as Answers;
      assertSame(askBuildx(live!, one, "check", []), recorded.check!);
    }
  });

  async function ask({ folder, options }: CheckCase, method: Method): Promise<Answer> {
    const call = async (json: boolean): Promise<{ status: number; text: string; error?: string }> => {
      let text = "";
      const io = { stdout: { write: (part: string) => (text += part) } } as unknown as Io;
      try {
        const status = await runCall({ method, json, ignoreStatus: false }, { root, context: ".", cwd: folder, ...options, onProgress: () => {} }, io);
        return { status, text };
      } catch (error) {
        assert.ok(isFault(error), String((error as Error).stack));
        return { status: 1, text, error: error.message };
      }
    };
    const { status, text, error } = await call(false);
    const json = (await call(true)).text;
    return { status, text, ...(json === "" ? {} : { json: JSON.parse(json) }), ...(error === undefined ? {} : { error }) };
  }
});

/** What BuildKit leaves to chance: rules in an error, and arguments of one line, come in any order. Carriage returns are not shown by us. */
function assertSame(ours: Answer, expected: Answer): void {
  assert.deepEqual(settled(ours), settled(expected));
}

function settled({ text, json, error, ...answer }: Answer): unknown {
  const { args, ...more } = (json ?? {}) as { args?: { name: string; location: { ranges: { start: { line: number } }[] } }[] };
  const lineOf = (arg: NonNullable<typeof args>[number]): number => arg.location.ranges[0]!.start.line;
  return {
    ...answer, text: text.replaceAll("\r\n", "\n"), more: JSON.parse(inOrder(JSON.stringify(more))),
    args: args && [...args].sort((a, b) => lineOf(a) - lineOf(b) || (a.name < b.name ? -1 : 1)),
    error: error && inOrder(error),
  };
}

function inOrder(text: string): string {
  return text.replace(/(?<=lint violation found for rules: )[\w, ]+/g, (rules) => rules.split(", ").sort().join(", "));
}

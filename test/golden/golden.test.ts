import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "../../src/build/build.ts";
import { isFault } from "../../src/std/fault.ts";
import { importLayout } from "../support/import-layout.ts";
import { noBusybox, writeBusyboxLayout, writePlatformLayout } from "../support/busybox-base.ts";
import { buildOutputs } from "../../src/cli/build/outputs.ts";
import { BASES, FOREIGN_BASE, noForeign, PLATFORM_BASE, PLATFORMS, writeForeignBase } from "./buildkit.ts";
import { fetches, goldenCases, isWhole, makeContext, withOrigin, type GoldenCase } from "./cases.ts";
import { hideOrigin, noGit, serveOrigin } from "./origin.ts";
import type { SourceServer } from "../support/source-server.ts";
import { normalizeArchive, normalizeOutput, type NormalizedImage, type NormalizedOutput } from "./normalize.ts";

const skip = process.getuid!() === 0 ? noBusybox : "needs root: a mapped user gives other owners";

function names({ folder }: GoldenCase, base: string): boolean {
  return readFileSync(join(folder, "Dockerfile"), "utf8").includes(base);
}

/** Why a case cannot be built here, or false. */
function missing(golden: GoldenCase): string | false {
  return (fetches(golden) && noGit) || (names(golden, FOREIGN_BASE) && noForeign);
}

/** What we say instead, where our words tell more; docs/compatibility.md has the list. */
function ownWords({ folder }: GoldenCase): string | undefined {
  const file = join(folder, "ours.txt");
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}

describe("an image equals what BuildKit made of the same Dockerfile and context", { skip, concurrency: 2 }, () => {
  let root = "";
  const baseDiffIds: string[] = [];
  const layoutOf = (base: string): string => join(root, base.replace(":", "-"));
  let server: SourceServer | undefined;

  // No case talks to the agent.
  const agent = createServer();

  before(async () => {
    root = mkdtempSync(join(tmpdir(), "golden-store-"));
    if (!noGit) server = await serveOrigin();
    agent.listen(join(root, "agent")).unref();
    writePlatformLayout(layoutOf(PLATFORM_BASE), PLATFORMS);
    if (!noForeign) baseDiffIds.push(...writeForeignBase(layoutOf(FOREIGN_BASE)).diffIds);
    for (const [name, options] of Object.entries(BASES)) {
      const layout = mkdtempSync(join(tmpdir(), "golden-layout-"));
      writeBusyboxLayout(layout, options);
      baseDiffIds.push(...await importLayout(root, layout, `docker.io/library/${name}`));
      rmSync(layout, { recursive: true, force: true });
    }
  });
  after(async () => {
    agent.close();
    rmSync(root, { recursive: true, force: true });
    await server?.[Symbol.asyncDispose]();
  });

  for (const golden of goldenCases()) {
    const recorded = join(golden.folder, "result.json");
    if (existsSync(recorded)) {
      test(golden.name, { skip: missing(golden) }, async () => {
        assert.deepEqual(await buildCase(golden), JSON.parse(readFileSync(recorded, "utf8")));
      });
    } else {
      test(`${golden.name} is refused`, { skip: missing(golden) }, async () => {
        const said = readFileSync(join(golden.folder, "error.txt"), "utf8").trim();
        await assert.rejects(buildCase(golden), (error) => {
          assert.ok(isFault(error), `not a fault: ${String((error as Error).stack)}`);
          // Of several missing sources BuildKit names any, in other words than ours; with --exclude in those of the system call.
          const expected = /": not found$|^lstat .*: no such file or directory$/.test(said) ? "not found" : (ownWords(golden) ?? said);
          const message = hideOrigin(error.message, server?.origin ?? "http://127.0.0.1:0");
          assert.ok(message.includes(expected), `BuildKit: ${said}\nours: ${message}`);
          return true;
        });
      });
    }
  }

  async function buildCase(golden: GoldenCase): Promise<NormalizedImage | NormalizedOutput> {
    using context = makeContext(golden);
    // The base images have other names in the registry of the peer.
    const { secrets = {}, ssh = [], output, platforms, buildContexts, ...options } = (JSON.parse(JSON.stringify(withOrigin(golden, server?.origin)).replace(/library\/golden-(\w+)-(\w+):1/g, "library/$1:$2")) as GoldenCase).options;
    const layouts = [PLATFORM_BASE, FOREIGN_BASE].filter((base) => names(golden, base)).map((base) => [base, `oci-layout://${layoutOf(base)}:latest`]);
    const folder = mkdtempSync(join(tmpdir(), "golden-out-"));
    try {
      const archive = join(folder, "image.tar");
      await build({
        root,
        cwd: context.path,
        context: context.path,
        ...(options.context === undefined ? { file: join(golden.folder, "Dockerfile") } : {}),
        noCache: true,
        outputs: buildOutputs({ output: [`type=oci,dest=${archive}${output === undefined ? "" : `,${output}`}`], push: false, load: false, several: (platforms?.length ?? 0) > 1, terminal: false }),
        hostCertificates: false,
        ...(platforms ? { platform: platforms } : {}),
        ...options,
        // Nothing stands in for an image of the store where the case does not name it.
        ...(layouts.length > 0 || buildContexts ? { buildContexts: { ...buildContexts, ...Object.fromEntries(layouts) } } : {}),
        secrets: Object.entries(secrets).map(([id, value]) => ({ id, value })),
        ssh: ssh.map((id) => ({ id, paths: [join(root, "agent")] })),
      });
      return hideOrigin(isWhole(golden) ? normalizeOutput(archive, baseDiffIds) : normalizeArchive(archive, baseDiffIds), server?.origin ?? "http://127.0.0.1:0");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
});

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { ProvenanceV1 } from "../../src/build/attest/provenance.ts";
import { hideOrigin, noGit, serveOrigin } from "../golden/origin.ts";
import { statementsIn } from "../support/attestations.ts";
import { noBuildkitd, startBuildkitd, type Buildkitd } from "../support/buildkitd.ts";
import { normalProvenance } from "../support/normal-provenance.ts";
import { startJourney, type Journey } from "../support/journey.ts";
import { serveRegistry } from "../support/serve-registry.ts";
import type { SourceServer } from "../support/source-server.ts";

interface Case {
  readonly dockerfile: string;
  readonly words?: readonly string[];
  readonly provenance?: string;
  /** In place of the folder. */
  readonly from?: string;
}

/** BASE is an image in a registry, ORIGIN a server, AGENT the socket of an ssh agent. */
const CASES: Readonly<Record<string, Case>> = {
  "stages, arguments, labels and secrets": {
    dockerfile: "ARG WHO=nobody\nFROM BASE AS made\nARG WHO\nRUN --mount=type=secret,id=token --mount=type=secret,id=word,env=WORD,required=true echo $WHO >/made\nFROM made AS more\nENV A=b\nRUN echo 2 >>/made\nFROM BASE\nLABEL a=b\nCOPY --from=more /made /made\nCOPY a.txt folder /files/\n",
    words: ["--build-arg", "WHO=me", "--label", "x=y", "--secret", "id=word,env=WORD"],
  },
  "mode=min": {
    dockerfile: "FROM BASE\nARG WHO\nRUN --mount=type=secret,id=token echo $WHO >/made\nCOPY a.txt /\n",
    words: ["--build-arg", "WHO=me", "--target", "", "--no-cache"], provenance: "mode=min,builder-id=https://ci.example.com/7,reproducible=true",
  },
  "what RUN is given": {
    dockerfile: "FROM BASE\nWORKDIR /work\nUSER app\nENV A=1 B=two\nRUN --mount=type=cache,id=c,target=/cache,sharing=locked --mount=type=tmpfs,target=/scratch,size=1m --mount=type=bind,source=folder,target=/in,rw --mount=type=ssh --network=none echo $A\nUSER 0\nRUN --mount=from=BASE,source=/bin,target=/other,readonly --mount=type=cache,target=/plain :\nSHELL [\"/bin/sh\", \"-ec\"]\nRUN <<EOF\necho here\nEOF\nRUN [\"true\"]\n",
    words: ["--ssh", "default=AGENT", "--add-host", "one:10.0.0.1"],
  },
  "what COPY and ADD say": {
    dockerfile: "FROM BASE AS base\nFROM base\nCOPY --chown=app:1001 --chmod=640 a.txt /one\nCOPY --chmod=u+x,g=r a.txt b.txt /two/\nCOPY --chown=7 folder/*.txt /three/\nCOPY --exclude=*.md . /four/\nCOPY --parents folder/./deep/c.txt /five/\nCOPY <<one <<two /six/\n1\none\n2\ntwo\nADD t.tar /seven/\nWORKDIR /eight\nCOPY --link a.txt /nine\nCOPY --from=BASE /bin/busybox /ten\n",
  },
  "files and repositories from elsewhere": {
    dockerfile: "FROM scratch\nADD ORIGIN/plain.txt /one\nADD --checksum=sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 ORIGIN/plain.txt /two/\nADD ORIGIN/git/app.git#v1 /three\nADD ORIGIN/git/app.git#main:sub /four\nADD --keep-git-dir ORIGIN/git/app.git?branch=dev /five\n",
  },
  "a context that is a repository": { dockerfile: "", from: "ORIGIN/git/app.git#main:sub" },
  "a context that is a file": { dockerfile: "", from: "ORIGIN/t.tar" },
  "named contexts": {
    dockerfile: "FROM other AS one\nFROM other\nCOPY --from=named a.txt /\nCOPY --from=one /bin/busybox /again\n",
    words: ["--build-context", "named=folder", "--build-context", "other=docker-image://BASE"],
  },
  "a stage of several, without the network": { dockerfile: "FROM BASE AS one\nRUN echo 1\nFROM one AS two\nRUN echo 2\nFROM nothing-like-this\n", words: ["--target", "two", "--network", "none"] },
};

describe("the provenance of a build says what BuildKit's says", { skip: noBuildkitd || noGit, concurrency: 2 }, () => {
  const cleaning: (() => void | Promise<void>)[] = [];
  let worker: Buildkitd;
  let journey: Journey;
  let origin: SourceServer;
  let base: string;
  let agent: Server;
  let folder: string;
  let turn: Promise<unknown> = Promise.resolve();

  /** One build at a time: of a base image that another build uses at that moment, BuildKit's provenance may name no layers. */
  const onWorker = (work: () => Promise<unknown>): Promise<unknown> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };

  before(async () => {
    const context = { after: (work: () => void | Promise<void>) => void cleaning.push(work) } as unknown as Parameters<typeof startJourney>[0];
    folder = mkdtempSync(join(tmpdir(), "attestations-"));
    [worker, journey, origin] = await Promise.all([startBuildkitd(context), startJourney(context), serveOrigin()]);
    base = `${await serveRegistry(context)}/base:1`;
    await journey.succeeds(["tag", "base:1", base]);
    await journey.succeeds(["push", base]);
    await journey.succeeds(["rmi", base]);
    agent = createServer().listen(join(folder, "agent")).unref();
  });
  after(async () => {
    agent?.close();
    await origin?.[Symbol.asyncDispose]();
    for (const work of cleaning.reverse()) await work();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [name, { dockerfile, words = [], provenance = "mode=max", from }] of Object.entries(CASES)) {
    test(name, async () => {
      const place = join(folder, name.replace(/\W+/g, "-"));
      const filled = (text: string): string => text.replaceAll("BASE", base).replaceAll("ORIGIN", origin.origin).replaceAll("AGENT", join(folder, "agent"));
      const files = { "a.txt": "a", "b.txt": "b", "n.md": "n", "folder/a.txt": "in", "folder/deep/c.txt": "c", "t.tar": origin.files.get("/t.tar")!.body, Dockerfile: filled(dockerfile) };
      for (const [path, body] of Object.entries(files)) {
        mkdirSync(join(place, path, ".."), { recursive: true });
        writeFileSync(join(place, path), body);
      }
      const made = async (archive: string, ...more: string[]): Promise<unknown> => {
        await journey.succeeds(["build", ...words.map(filled), "--provenance", provenance, "-o", `type=oci,dest=${join(place, archive)}`, ...more, filled(from ?? ".")], { cwd: place, env: { WORD: "s3cr3t" } });
        const [found, ...others] = statementsIn<ProvenanceV1>(join(place, archive));
        assert.equal(others.length, 0);
        const { statement, manifest } = found!;
        return hideOrigin({ manifest: { ...manifest, subject: undefined, layers: manifest.layers.map(({ mediaType, annotations }) => ({ mediaType, annotations })) }, type: statement.predicateType, told: normalProvenance(statement.predicate) }, origin.origin);
      };
      const [ours, theirs] = await Promise.all([made("ours.tar"), onWorker(() => made("theirs.tar", "--builder", worker.address))]);
      assert.deepEqual(ours, theirs);
    });
  }
});

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertFault } from "../support/check-fault.ts";
import { noBuilds, scratchBuild } from "../support/scratch-build.ts";
import { ociArchive, smallImage } from "../support/small-image.ts";

const up = "../".repeat(30);
const heredoc = (instruction: string, name: string, destination: string, content: string): string => `${instruction} <<${name} ${destination}\n${content}\n${name}\n`;

describe("the name of a heredoc leads to no place on the host", { skip: noBuilds }, () => {
  for (const [what, instruction, destination, content] of [["of COPY", "COPY", "/d/", "evil"], ["of ADD", "ADD", "/", "evil"], ["of a script", "RUN", "", "#!/bin/sh\necho evil"]] as const) {
    test(what, async (context) => {
      const scratch = await scratchBuild(context);
      const outside = join(scratch.folder, "outside");
      mkdirSync(outside);
      writeFileSync(join(outside, "mine"), "mine");
      for (const file of ["new", "mine"]) {
        const text = heredoc(instruction, `${up}${outside.slice(1)}/${file}`, destination, content);
        assertFault(await scratch.build(`FROM base\n${text}`), { message: /cannot be a file of that name/, hint: /plain word/ });

        const image = smallImage([], { OnBuild: [text.trimEnd()] });
        assert.equal((await scratch.sampan(["load"], { input: ociArchive(image, "hostile:1") })).status, 0);
        assert.notEqual((await scratch.build("FROM hostile:1\nCOPY Dockerfile /\n")).status, 0);
      }
      assert.deepEqual(readdirSync(outside), ["mine"]);
      assert.equal(readFileSync(join(outside, "mine"), "utf8"), "mine");
    });
  }

  test("and a path in the image's root is its name alone, as with BuildKit", async (context) => {
    const scratch = await scratchBuild(context);
    const dest = join(scratch.folder, "tree");
    const built = await scratch.build(`FROM base\n${heredoc("COPY", "/one", "/d/", "1")}${heredoc("COPY", "../two", "/d/", "2")}${heredoc("RUN", "../three", "", "#!/bin/sh\nls /d > /names")}`, ["-o", `type=local,dest=${dest}`]);
    assert.equal(built.status, 0, built.stderr);
    assert.equal(readFileSync(join(dest, "names"), "utf8"), "one\ntwo\n");
    assert.ok(!existsSync(join(scratch.root, "tmp/two")));
  });
});

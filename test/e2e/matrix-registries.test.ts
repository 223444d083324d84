import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { formatPlatform, hostPlatform } from "../../src/oci/platform.ts";
import { Cargo } from "../support/cargo.ts";
import { digestIn, MATRIX_CLIENTS } from "../support/matrix/matrix-clients.ts";
import { REGISTRY_KINDS } from "../support/matrix/matrix-registry.ts";
import { matrixSetting } from "../support/matrix/matrix-setting.ts";
import { scratchSampan, type Finished } from "../support/run-sampan.ts";

const succeeded = ({ status, stdout, stderr }: Finished): string => {
  assert.equal(status, 0, stderr);
  return stdout;
};

for (const [kind, { skip, start }] of Object.entries(REGISTRY_KINDS)) {
  describe(`with ${kind}`, { skip }, () => {
    test("what we push others pull, what they push we pull, with the same digests", { skip }, async (context) => {
      const setting = matrixSetting(context, await start(context));
      const { host } = setting.registry;
      const { folder, sampan } = scratchSampan(context);
      const run = async (...words: string[]): Promise<string> => succeeded(await sampan(words, { env: setting.env }));
      const layoutOf = (name: string): string => {
        const cargo = new Cargo();
        const image = cargo.image(formatPlatform(hostPlatform(process.arch)), name);
        mkdirSync(join(folder, name));
        return cargo.layout(join(folder, name), [{ ...image, annotations: { "org.opencontainers.image.ref.name": "1" } }]);
      };
      await run("copy", `oci:${layoutOf("ours")}`, "store:ours:1");
      await run("tag", "ours:1", `${host}/team/ours:1`);
      const ours = digestIn(await run("push", `${host}/team/ours:1`));

      for (const [name, client] of Object.entries(MATRIX_CLIENTS)) {
        const obstacle = client.cannot?.(setting.registry);
        if (obstacle !== undefined) {
          context.diagnostic(obstacle);
          continue;
        }
        await context.test(name, { skip: client.skip }, async () => {
          assert.equal(await client.pull(setting, `${host}/team/ours:1`), ours, "pulled");
          const theirs = `${host}/team/${name}:1`;
          const digest = await client.push(setting, layoutOf(name), theirs);
          assert.equal(digestIn(await run("pull", theirs)), digest, "pushed");
          assert.equal(digestIn(await run("digest", theirs)), digest);
        });
      }
    });
  });
}

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { assertFault } from "../support/check-fault.ts";
import { scratchSampan } from "../support/run-sampan.ts";
import { scratchBuild } from "../support/scratch-build.ts";

const skip = process.getuid!() === 0 ? false : "needs root";

/** Flags of `docker build` whose work comes with a later version. */
const LATER_FLAGS: readonly (readonly string[])[] = [
  ["--allow", "network.host"], ["--annotation", "a=b"], ["--attest", "type=sbom"], ["--build-context", "x=."], ["--builder", "x"],
  ["--provenance", "true"],
  ["--sbom", "true"], ["--secret", "id=x"], ["--security-opt", "x"], ["--shm-size", "1g"], ["--squash"], ["--ssh", "default"], ["--ulimit", "nofile=1"],
];

describe("flags that belong to later versions are refused by name, before anything is done", { concurrency: 2 }, () => {
  for (const [flag, ...value] of LATER_FLAGS) {
    test(`build ${flag}`, async (context) => {
      const { sampan, root } = scratchSampan(context);
      assertFault(await sampan(["build", flag!, ...value, "."]), { message: new RegExp(`the flag ${flag} is not supported by this version of Sampan`) });
      assert.ok(!existsSync(root), "no store was made");
    });
  }
});

test("contexts, platforms and outputs of later versions are refused by name", async (context) => {
  const { sampan, folder } = scratchSampan(context);
  const cases: [string[], RegExp, RegExp][] = [
    [["build", "https://github.com/example/app.git"], /git repository/, /git clone/],
    [["build", "git@github.com:example/app.git#main"], /git repository/, /git clone/],
    [["build", "https://example.invalid/context.tar.gz"], /URL/, /curl/],
    [["build", "-f", "https://example.invalid/Dockerfile", folder], /a Dockerfile from a URL/, /curl/],
    [["build", "--platform", process.arch === "arm64" ? "linux/amd64" : "linux/arm64", folder], /building for linux\/(?:arm64|amd64).* is not supported/, /on a machine of that platform/],
  ];
  for (const [words, message, hint] of cases) assertFault(await sampan(words), { message, hint });
  assertFault(await sampan(["build", "-o", "type=oci,dest=x,rewrite-timestamp=true", folder]), { message: /rewrite-timestamp= in the output/ });
  assertFault(await sampan(["build", "-o", "type=oci,dest=-", "-o", "-", folder]), { status: 2, message: /only one output can go to standard output/ });
  assertFault(await sampan(["build", "--push", folder]), { status: 2, message: /needs a name for the image/, hint: /-t / });
  assertFault(await sampan(["build", "-t", "UPPER CASE", folder]), { message: /invalid reference/, hint: /lower case/ });
});

test("instructions that belong to later versions are refused by name, with their line, before anything runs", { skip }, async (context) => {
  const scratch = await scratchBuild(context, { base: false });
  const cases: [string, string][] = [
    ["RUN --mount=type=cache,target=/c true", "RUN --mount"], ["RUN --network=none true", "RUN --network"], ["RUN --security=insecure true", "RUN --security"],
    ["RUN --device=vendor.com/x true", "RUN --device"], ["ADD https://example.invalid/x /", "ADD of a URL"], ["ADD https://example.invalid/x.git /", "ADD of a git repository"],
    ["ADD git@example.invalid:x/y.git /", "ADD of a git repository"], ["ADD --checksum=sha256:aa Dockerfile /", "ADD --checksum"], ["ADD --keep-git-dir Dockerfile /", "ADD --keep-git-dir"],
    ["ADD --link Dockerfile /", "ADD --link"], ["COPY --link Dockerfile /", "COPY --link"], ["COPY --parents Dockerfile /", "COPY --parents"], ["COPY --exclude=x Dockerfile /", "COPY --exclude"],
  ];
  for (const [line, feature] of cases) {
    const refused = await scratch.build(`FROM scratch\nCOPY Dockerfile /never\n${line}\n`);
    assertFault(refused, { message: new RegExp(`^ERROR: ${feature} is not supported by this version of Sampan`), hint: /remove it/, frame: { place: "Dockerfile:3", line } });
    assert.doesNotMatch(refused.stderr, /\/never\n#\d+ DONE/);
  }
});

import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildWithBuildKit, buildkitAddress, prepareBases } from "./buildkit.ts";
import { fetches, goldenCases, makeContext, withOrigin } from "./cases.ts";
import { hideOrigin, serveOrigin } from "./origin.ts";

/**
 * Records what a running BuildKit makes of the cases: `node test/golden/record.ts [NAME…]`.
 * BUILDKIT_HOST names the daemon, which has to take docker.io from the registry in GOLDEN_REGISTRY (host:port);
 * the base images are pushed there first. For the cases `emulated-…` the daemon has to be started by test/support/with-emulators.sh, and its
 * `[worker.oci]` has to name the platforms: linux/amd64, linux/386, linux/arm64, linux/arm/v7, linux/arm/v6. Cases that forward an ssh agent take the one of SSH_AUTH_SOCK.
 */
const address = buildkitAddress();
const registry = process.env["GOLDEN_REGISTRY"];
if (address === undefined || registry === undefined) throw new Error("set BUILDKIT_HOST and GOLDEN_REGISTRY");
const wanted = process.argv.slice(2);
const bases = prepareBases(registry);
const selected = goldenCases().filter(({ name }) => wanted.length === 0 || wanted.includes(name));
await using server = selected.some(fetches) ? await serveOrigin() : undefined;
for (const golden of selected) {
  using context = makeContext(golden);
  const outcome = hideOrigin(await buildWithBuildKit(address, withOrigin(golden, server?.origin), context.path, bases, process.env["SSH_AUTH_SOCK"]), server?.origin ?? "http://127.0.0.1:0");
  for (const file of ["result.json", "error.txt"]) if (existsSync(join(golden.folder, file))) rmSync(join(golden.folder, file));
  if ("error" in outcome) writeFileSync(join(golden.folder, "error.txt"), `${outcome.error}\n`);
  else writeFileSync(join(golden.folder, "result.json"), `${JSON.stringify(outcome.image, null, 1)}\n`);
  process.stdout.write(`${golden.name}: ${"error" in outcome ? `error: ${outcome.error}` : `${"images" in outcome.image ? `${outcome.image.images.length} images` : `${outcome.image.layers.length} layers`}`}\n`);
}

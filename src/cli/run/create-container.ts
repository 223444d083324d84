import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { materializeImage } from "../../build/image-layers.ts";
import { lazyClient } from "../../build/lazy-client.ts";
import { randomName } from "../../container/random-name.ts";
import { havePasta } from "../../exec/pasta.ts";
import { insideUserNamespace } from "../../linux/user-namespace.ts";
import { hostPlatform, formatPlatform, parsePlatform, platformMatches } from "../../oci/platform.ts";
import { fault, isFault } from "../../std/fault.ts";
import type { ContainerRecord } from "../../store/container-record.ts";
import type { NewContainer } from "../../store/container-store.ts";
import type { Store } from "../../store/open-store.ts";
import type { Call } from "../command.ts";
import { checkName } from "../containers/check-name.ts";
import { registryAccess } from "../flags/registry-flags.ts";
import { registryHosts } from "../registry-host.ts";
import { containerSpec } from "./container-spec.ts";
import { findOrPull } from "./find-or-pull.ts";
import type { containerFlags } from "./run-flags.ts";

/** Makes a container of an image, which is pulled where it is not here, and does not start it. */
export async function createContainer(store: Store, call: Pick<Call<typeof containerFlags>, "flags" | "io" | "signal" | "positionals">): Promise<ContainerRecord> {
  const { flags, positionals, io, signal } = call;
  const [imageName = "", ...words] = positionals;
  if (flags.name !== undefined) checkName(flags.name);
  const cidfile = flags.cidfile === undefined ? undefined : resolve(io.cwd, flags.cidfile);
  if (cidfile !== undefined && existsSync(cidfile)) throw fault("FILE_PROBLEM", { path: flags.cidfile!, problem: "the container ID file exists already: make sure that the other container is not running, and delete it" });
  checkPlatform(flags.platform);
  const meant = flags.creds === undefined ? imageName : (await (await import("../../registry/routes/long-name.ts")).longName(imageName, io.env)).name;
  const access = await registryAccess(flags, registryHosts([meant]), { io, signal });
  await using client = lazyClient(access);
  const image = await findOrPull(store, imageName, { when: flags.pull, quiet: flags.quiet, access, io, signal });
  const id = randomBytes(32).toString("hex");
  const spec = containerSpec(call, { id, imageName, words, config: image.config.config ?? {} });
  if (spec.ports.length > 0 && !havePasta()) throw fault("PORTS_IMPOSSIBLE", { problem: "a container with ports has a network of its own, which needs pasta and /dev/net/tun" });
  const snapshot = await materializeImage(store, image, {
    client: client.get, recordOwners: insideUserNamespace()?.mapped === "one", stepId: "run", onProgress: () => {}, signal,
  });
  const below = snapshot === undefined ? undefined : store.snapshots.get(snapshot)?.folder;
  const record = withName(flags.name, (name) => store.containers.create({ id, name, image: image.id, snapshot, below, autoRemove: flags.rm, spec } satisfies NewContainer));
  if (cidfile !== undefined) writeFileSync(cidfile, id, { flag: "wx" });
  return record;
}

/** Tries random names until one is free, where none was given. */
function withName<Result>(given: string | undefined, create: (name: string) => Result): Result {
  if (given !== undefined) return create(given.replace(/^\//, ""));
  for (let tries = 0; ; tries += 1) {
    try {
      return create(randomName(tries));
    } catch (error) {
      if (!isFault(error, "CONTAINER_NAME_TAKEN") || tries > 20) throw error;
    }
  }
}

function checkPlatform(written: string | undefined): void {
  if (written === undefined) return;
  const host = hostPlatform(process.arch);
  const wanted = parsePlatform(written, host);
  if (!platformMatches(host, wanted)) throw fault("NOT_SUPPORTED", { feature: `running images for ${formatPlatform(wanted)} on ${formatPlatform(host)}` });
}

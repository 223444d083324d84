import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { materializeImage } from "../../build/image-layers.ts";
import { lazyClient } from "../../build/lazy-client.ts";
import { randomName } from "../../container/random-name.ts";
import { findEmulation, type Emulator } from "../../exec/emulation/find-emulation.ts";
import { havePasta } from "../../exec/pasta.ts";
import { insideUserNamespace } from "../../linux/user-namespace.ts";
import { hostPlatform, formatPlatform, parsePlatform, platformMatches } from "../../oci/platform.ts";
import { fault, isFault } from "../../std/fault.ts";
import type { ContainerRecord } from "../../store/container-record.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import type { NewContainer } from "../../store/container-store.ts";
import type { Store } from "../../store/open-store.ts";
import type { Call } from "../command.ts";
import type { Io } from "../io.ts";
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
  // Docker's client takes an empty one, of a variable without a value, for none.
  const given = flags.name === "" ? undefined : flags.name;
  if (given !== undefined) checkName(given);
  const cidfile = flags.cidfile === undefined ? undefined : resolve(io.cwd, flags.cidfile);
  if (cidfile !== undefined && existsSync(cidfile)) throw fault("FILE_PROBLEM", { path: flags.cidfile!, problem: "the container ID file exists already: make sure that the other container is not running, and delete it" });
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  const meant = flags.creds === undefined ? imageName : (await (await import("../../registry/routes/long-name.ts")).longName(imageName, io.env)).name;
  const access = await registryAccess(flags, registryHosts([meant]), { io, signal });
  await using client = lazyClient(access);
  const image = await findOrPull(store, imageName, { when: flags.pull, quiet: flags.quiet, platform, access, io, signal });
  const emulator = emulatorOf(image, { explicit: platform !== undefined, runtime: flags.runtime, io });
  const id = randomBytes(32).toString("hex");
  const spec = containerSpec(call, { id, imageName, words, config: image.config.config ?? {}, emulator });
  if (spec.ports.length > 0 && !havePasta()) throw fault("PORTS_IMPOSSIBLE", { problem: "a container with ports has a network of its own, which needs pasta and /dev/net/tun" });
  const snapshot = await materializeImage(store, image, {
    client: client.get, recordOwners: insideUserNamespace()?.mapped === "one", stepId: "run", onProgress: () => {}, signal,
  });
  const below = snapshot === undefined ? undefined : store.snapshots.get(snapshot)?.folder;
  const record = withName(given, (name) => store.containers.create({ id, name, image: image.id, snapshot, below, autoRemove: flags.rm, spec } satisfies NewContainer));
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

/**
 * What the image's commands need to run on this machine. A platform that is not this machine's and that nobody asked for is told.
 * @throws EMULATOR_MISSING, EMULATION_RUNTIME, PLATFORM_NOT_LINUX
 */
function emulatorOf({ config }: ImageRecord, { explicit, runtime, io }: { explicit: boolean; runtime: string; io: Io }): Emulator | undefined {
  const host = hostPlatform(process.arch);
  if (!explicit && !platformMatches(host, config)) {
    io.stderr.write(`WARNING: The requested image's platform (${formatPlatform(config)}) does not match the detected host platform (${formatPlatform(host)}) and no specific platform was requested\n`);
  }
  const emulator = findEmulation(config);
  if (emulator && runtime !== "builtin") throw fault("EMULATION_RUNTIME", { platform: formatPlatform(config), runtime });
  return emulator;
}

import type { SecretName } from "../../server/storage/secrets.ts";
import { fault } from "../../std/fault.ts";
import type { Io } from "../io.ts";
import { shownName } from "./create-secret.ts";
import { commandActor, withRecords } from "./with-records.ts";

/** Removes, disables or enables; a running server knows it with its next request. @throws REGISTRY_SECRET_UNKNOWN */
export async function changeSecrets(names: readonly SecretName[], verb: "rm" | "disable" | "enable", { io, ...flags }: { root: string | undefined; config: string | undefined; io: Io }): Promise<void> {
  await withRecords(flags, io, async (metadata) => {
    for (const name of names) {
      const done = verb === "rm" ? await metadata.deleteSecret(name, commandActor) : await metadata.disableSecret(name, verb === "disable", commandActor);
      if (!done) throw fault("REGISTRY_SECRET_UNKNOWN", { kind: name.kind, name: shownName(name) });
      io.stdout.write(`${name.name}\n`);
    }
  });
}

import { deleteManifest } from "../../carry/tags/delete-manifest.ts";
import { deleteTag } from "../../carry/tags/delete-tag.ts";
import { familiarReference, type Reference } from "../../oci/reference.ts";
import type { RegistryClient } from "../../registry/client.ts";
import { isFault } from "../../std/fault.ts";
import { ask } from "../ask.ts";
import type { Io } from "../io.ts";

/** Deletes a tag, or a manifest by its digest, and says so; on a terminal a person is asked, unless `force` is given. */
export async function deleteRemote(client: RegistryClient, reference: Reference, { force, io, signal }: { force: boolean; io: Io; signal: AbortSignal }): Promise<void> {
  const { tag, digest } = reference;
  const name = familiarReference(reference);
  if (!force && io.stdin.isTTY && !(await agreed(`Delete ${digest === undefined ? `the tag ${name}` : `${name} with all of its tags`}? [y/N]`, io, signal))) return;
  try {
    if (digest !== undefined) {
      await deleteManifest(client, { host: reference.host, repository: reference.repository, digest }, signal);
      io.stdout.write(`Deleted: ${name}\n`);
    } else {
      await deleteTag(client, { ...reference, tag: tag! }, signal);
      io.stdout.write(`Untagged: ${name}\n`);
    }
  } catch (error) {
    if (!force || !(isFault(error, "MANIFEST_UNKNOWN") || isFault(error, "NAME_UNKNOWN"))) throw error;
  }
}

async function agreed(question: string, io: Io, signal: AbortSignal): Promise<boolean> {
  return /^y(?:es)?$/i.test((await ask(question, io, { hint: "give --force", signal })).trim());
}

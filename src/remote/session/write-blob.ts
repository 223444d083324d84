import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { blobPath } from "../../carry/places/layout-source.ts";
import { createDigester, isDigest } from "../../oci/digest.ts";
import { makeFolder } from "../../std/make-folder.ts";
import { WriteAction, type WriteContentRequest } from "../api/content_pb.ts";

/** What the worker is told of a blob that it writes. */
export interface Written {
  readonly action: WriteAction;
  readonly offset: bigint;
  readonly total: bigint;
  readonly digest: string;
}

/**
 * Takes a blob of an OCI layout from a worker, as containerd's content store does: one that asks how far it is, any that write, one that
 * commits. It has its name when it is whole and what it was said to be; otherwise nothing of it stays.
 * @param layout the layout's folder; undefined where the worker may write nothing
 */
export async function* writeBlob(layout: string | undefined, requests: AsyncIterable<WriteContentRequest>): AsyncGenerator<Written> {
  if (layout === undefined) throw new ConnectError("no layout of that name is to be written", Code.NotFound);
  const temporary = join(layout, `.sampan-${randomUUID()}`);
  const digester = createDigester("sha256");
  let file: FileHandle | undefined;
  let [offset, total, expected] = [0n, 0n, ""];
  let committed = false;
  try {
    for await (const request of requests) {
      if (committed) throw new ConnectError(`${expected} is committed`, Code.FailedPrecondition);
      if (request.total > 0n) total = request.total;
      if (request.expected !== "") expected = request.expected;
      if (request.action === WriteAction.STAT && isThere(layout, expected, total)) throw new ConnectError(`${expected}: already exists`, Code.AlreadyExists);
      if (request.data.length > 0) {
        if (request.offset !== offset) throw new ConnectError(`write at ${request.offset} where ${offset} is next`, Code.OutOfRange);
        makeFolder(layout);
        file ??= await open(temporary, "wx", 0o644);
        await file.writeFile(request.data);
        digester.update(request.data);
        offset += BigInt(request.data.length);
      }
      if (request.action === WriteAction.COMMIT) {
        const digest = digester.digest();
        if ((expected !== "" && digest !== expected) || (total > 0n && total !== offset)) throw new ConnectError(`${offset} bytes are ${digest}, and not the ${total} of ${expected}`, Code.FailedPrecondition);
        makeFolder(layout);
        file ??= await open(temporary, "wx", 0o644);
        const path = join(layout, blobPath(digest));
        makeFolder(dirname(path));
        await rename(temporary, path);
        committed = true;
        yield { action: request.action, offset, total: offset, digest };
      } else yield { action: request.action, offset, total, digest: "" };
    }
  } catch (error) {
    // The worker would be told of an internal error only.
    throw error instanceof ConnectError ? error : new ConnectError((error as Error).message, Code.Internal);
  } finally {
    await file?.close();
    await rm(temporary, { force: true });
  }
}

function isThere(layout: string, digest: string, size: bigint): boolean {
  if (!isDigest(digest)) return false;
  const found = statSync(join(layout, blobPath(digest)), { throwIfNoEntry: false });
  return found?.isFile() === true && BigInt(found.size) === size;
}

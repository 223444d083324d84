import { readlinkSync } from "node:fs";
import { fault } from "../std/fault.ts";

/**
 * Where a symlink leads, as written in it.
 * @throws FILE_NAME_INVALID for a target that is not valid UTF-8
 */
export function readLink(hostPath: string): string {
  const target = readlinkSync(hostPath);
  if (target.includes("\ufffd") && !Buffer.from(target).equals(readlinkSync(hostPath, "buffer"))) {
    throw fault("FILE_NAME_INVALID", { path: hostPath });
  }
  return target;
}

import { chmodSync, copyFileSync, constants, lchownSync, linkSync, lstatSync, mkdirSync, readdirSync, type BigIntStats } from "node:fs";
import { setTimes } from "../linux/times.ts";
import { listXattrs, getXattr, setXattr } from "../linux/xattr.ts";

/**
 * Makes one layer folder like another: directories are made anew, with owner, mode, times and xattrs, and everything
 * else is linked, since files of layers never change. The top folder itself keeps its attributes. A worker job.
 */
export function linkTree({ from, to }: { readonly from: string; readonly to: string }): void {
  for (const name of readdirSync(from)) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    const stat = lstatSync(source, { bigint: true });
    if (!stat.isDirectory()) {
      linkEntry(source, target, stat);
      continue;
    }
    mkdirSync(target, 0o700);
    linkTree({ from: source, to: target });
    copyAttributes(source, target, stat);
  }
}

function linkEntry(source: string, target: string, stat: BigIntStats): void {
  try {
    linkSync(source, target);
  } catch (error) {
    // A file that has as many links as its file system allows.
    if ((error as NodeJS.ErrnoException).code !== "EMLINK" || !stat.isFile()) throw error;
    copyFileSync(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    copyAttributes(source, target, stat);
  }
}

function copyAttributes(source: string, target: string, stat: BigIntStats): void {
  lchownSync(target, Number(stat.uid), Number(stat.gid));
  chmodSync(target, Number(stat.mode & 0o7777n));
  for (const name of listXattrs(source)) {
    // Labels of the machine's own policy come by themselves.
    if (name === "security.selinux") continue;
    const value = getXattr(source, name);
    if (value !== undefined) setXattr(target, name, value);
  }
  setTimes(target, stat.atimeNs, stat.mtimeNs);
}

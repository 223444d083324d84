import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, linkSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * A build context for an image that has this machine's Node, its libraries and a static busybox: a stand-in for the node images of
 * a hub. @returns the folder
 */
export function writeNodeContext(folder: string): string {
  const put = (from: string, to: string): void => {
    mkdirSync(dirname(join(folder, to)), { recursive: true });
    try {
      linkSync(realpathSync(from), join(folder, to)); // the loader is a symbolic link
    } catch {
      copyFileSync(from, join(folder, to));
    }
  };
  put(process.execPath, "rootfs/usr/local/bin/node");
  chmodSync(join(folder, "rootfs/usr/local/bin/node"), 0o755);
  const libraries = execFileSync("ldd", [process.execPath], { encoding: "utf8" }).matchAll(/(?:=> )?(\/\S+) \(0x/g);
  for (const [, library] of libraries) put(library!, `rootfs${library}`);
  put("/bin/busybox", "rootfs/bin/busybox");
  for (const applet of ["sh", "mkdir", "chown", "env"]) symlinkSync("busybox", join(folder, "rootfs/bin", applet));
  mkdirSync(join(folder, "rootfs/usr/bin"), { recursive: true });
  symlinkSync("/bin/env", join(folder, "rootfs/usr/bin/env"));
  for (const place of ["etc", "tmp", "var/lib"]) mkdirSync(join(folder, "rootfs", place), { recursive: true });
  chmodSync(join(folder, "rootfs/tmp"), 0o1777);
  writeFileSync(join(folder, "rootfs/etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  writeFileSync(join(folder, "Dockerfile"), "FROM scratch\nCOPY rootfs /\nENV PATH=/usr/local/bin:/usr/bin:/bin\n");
  return folder;
}

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { withContainers } from "../support/containers.ts";
import { noContainers } from "../support/sampan-base.ts";

// A chroot of all that this machine has, some folders below its root: what gets out of it sees these folders. The files of process 1
// serve as the descriptor that the classic way out of a chroot needs, and as the programs that are run from there.
const OUT = "chroot /proc /1/root/bin/busybox sh -c 'cd -P /1/root; for up in 1 2 3 4 5 6 7 8; do cd -P ..; /1/root/bin/busybox ls; done' 2>&1 | sort -u";
// The mounts of the machine are shared, as systemd has them; what a container does without must stay where it is.
const IN_CHROOT = `mount --make-rshared / && mount --rbind / "$1" || exit
mounts() { cut -d " " -f 1-6 /proc/self/mountinfo; }
before=$(mounts)
chroot "$1" /bin/sh -c "$2" || exit
[ "$before" = "$(mounts)" ] || { echo "$before" >"$1.before"; mounts | diff "$1.before" -; exit 1; }`;

test("in a chroot, containers have what is theirs as their root: neither exec nor a command that may chroot sees what is outside", { skip: noBusybox || noContainers }, async (context) => {
  const { folder, root } = await withContainers(context);
  const here = join(folder, "chroot");
  mkdirSync(here);
  writeFileSync(join(folder, "of-the-machine"), "");
  mkdirSync(join(folder, "context"));
  writeFileSync(join(folder, "context/Dockerfile"), `FROM base:1\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\nRUN ["sh", "-c", "(${OUT}) >/seen"]\n`);
  const launcher = new URL("../../bin/sampan.cjs", import.meta.url).pathname;
  const script = `set -e
    sampan() { "${process.execPath}" "${launcher}" "$@"; }
    ls -d "${folder}/of-the-machine"
    sampan build -q -t local:1 "${folder}/context"
    sampan run -d --name box local:1 sleep 600
    for command in "ls /" "cat /seen" "${OUT}"; do
      echo ---
      sampan exec box sh -c "$command"
      echo ---
      sampan run --rm local:1 sh -c "$command"
    done
    sampan rm -f box`;
  const { status, stdout, stderr } = spawnSync("unshare", ["--mount", "--propagation", "private", "--", "/bin/sh", "-c", IN_CHROOT, "sh", here, script], {
    encoding: "utf8", env: { ...process.env, SAMPAN_ROOT: root, SAMPAN_STANDBY: "", DOCKER_CONFIG: join(folder, "docker"), NO_COLOR: "1" },
  });
  assert.equal(status, 0, stdout + stderr);
  const [, first, ...others] = stdout.replace(/\nbox\n$/, "\n").split("---\n");
  assert.match(first!, /^bin\n/);
  assert.match(first!, /^seen$/m);
  for (const other of others) assert.equal(other, first);
});

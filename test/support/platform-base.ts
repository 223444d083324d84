import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { scratchSampan } from "./run-sampan.ts";

/** Pushes `<registry>/base:1`, an index of busybox images for these platforms. @param binaries busybox by architecture */
export async function pushPlatformBase(
  { folder, sampan }: Pick<ReturnType<typeof scratchSampan>, "folder" | "sampan">, registry: string, binaries: Readonly<Record<string, string>>,
): Promise<string> {
  const context = join(folder, "platform-base");
  mkdirSync(join(context, "links"), { recursive: true });
  for (const [architecture, binary] of Object.entries(binaries)) copyFileSync(binary, join(context, `busybox-${architecture}`));
  for (const applet of execFileSync("/bin/busybox", ["--list"], { encoding: "utf8" }).trim().split("\n")) {
    if (applet !== "busybox") symlinkSync("busybox", join(context, "links", applet));
  }
  writeFileSync(join(context, "Dockerfile"), 'FROM scratch\nARG TARGETARCH\nCOPY --chmod=755 busybox-$TARGETARCH /bin/busybox\nCOPY links /bin\nCMD ["sh"]\n');
  const name = `${registry}/base:1`;
  const platforms = Object.keys(binaries).map((architecture) => `linux/${architecture}`).join(",");
  const { status, stderr } = await sampan(["build", "--platform", platforms, "-t", name, "--push", context]);
  if (status !== 0) throw new Error(stderr);
  return name;
}

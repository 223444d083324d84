import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ARM64_BUSYBOX, noArm64 } from "../../test/support/arm64-busybox.ts";
import { writeForeignLayout } from "../../test/support/busybox-base.ts";
import type { Peer } from "../peers/peer.ts";
import { sampanCommand } from "../peers/sampan.ts";
import type { Row } from "./row.ts";

const STEPS = ["cold", "no-op"] as const;
const PLATFORM = "linux/arm64";

/** Commands of another architecture: many short ones in one RUN, and several RUNs. */
export const emulatedRow: Row = {
  name: "emulated",
  about: "five RUNs for linux/arm64 on amd64, of which one starts 100 programs",
  steps: STEPS,
  set: async (bench) => {
    if (noArm64) throw new Error(noArm64);
    const peers: Peer[] = [];
    for (const peer of bench.peers) {
      const emulating = await peer.emulating?.();
      if (emulating === undefined || typeof emulating === "string") {
        if (emulating !== undefined) bench.say(`  without ${peer.name}: ${emulating}`);
        continue;
      }
      bench.own(emulating);
      peers.push(emulating);
    }
    const base = `${bench.registry}/library/foreign:1`;
    const layout = bench.workspace.folder("foreign");
    writeForeignLayout(layout, { amd64: "/bin/busybox", arm64: ARM64_BUSYBOX });
    await bench.prepare([sampanCommand(bench.workspace.folder("base-store"), ["copy", "--all", `oci:${layout}:latest`, base])]);
    return async (round) => {
      const context = bench.workspace.folder(`emulated-${round}`);
      writeFileSync(join(context, "Dockerfile"), [
        `FROM ${base}`, "RUN test $(uname -m) = aarch64", "RUN for i in $(seq 100); do /bin/busybox true; done", "RUN mkdir /work && seq 100000 | sort -n | sha256sum >/work/sum",
        "RUN find / -xdev -type f | wc -l >/work/count", `RUN echo ${round} >/work/round`, "",
      ].join("\n"));
      for (const step of STEPS) {
        for (const peer of peers) {
          const commands = peer.buildAndPush?.({ context, image: `${bench.registry}/emulated/${peer.name}-${round}:1`, cache: step === "no-op", platform: PLATFORM });
          if (commands) await bench.measure(peer, step, commands);
        }
      }
    };
  },
};

import type { DoctorRow } from "../../linux/doctor-probes.ts";
import { findProgram } from "../../linux/find-program.ts";
import { handlersPerNamespace } from "../../linux/nested-namespace.ts";
import { hostPlatform } from "../../oci/platform.ts";
import { emulatorProgram, findArchitecture, isNative } from "./architectures.ts";
import { kernelHandler } from "./find-emulation.ts";

/** What builds for several platforms are usually for. */
const USUAL = ["amd64", "arm64", "arm", "ppc64le", "riscv64", "s390x"];

/** Which architectures' commands run here, and by what. */
export function emulationRow(): DoctorRow {
  const foreign = USUAL.filter((architecture) => !isNative({ os: "linux", architecture }, hostPlatform(process.arch)));
  const known = foreign.filter((name) => kernelHandler(findArchitecture(name)!) !== undefined);
  const emulated = foreign.filter((name) => !known.includes(name) && findProgram(emulatorProgram(findArchitecture(name)!)) !== undefined);
  const how = handlersPerNamespace() ? "in a namespace of their own" : "without the programs that they start: the kernel is older than 6.7";
  const parts = [
    ...(known.length > 0 ? [`${known.join(", ")} by the kernel's handlers`] : []),
    ...(emulated.length > 0 ? [`${emulated.join(", ")} by qemu, ${how}`] : []),
  ];
  return {
    name: "other architectures",
    ok: parts.length > 0,
    needed: false,
    why: parts.length > 0 ? parts.join("; ") : "neither the kernel nor an emulator runs their commands",
    ...(parts.length > 0 ? {} : { mend: findProgram("apk") ? "handlers with the flag F in the machine's kernel" : "apt install qemu-user-static" }),
  };
}

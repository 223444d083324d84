import { fault } from "../std/fault.ts";

/** Operating system and processor of an image (image-spec, image-index.md). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly "os.version"?: string;
  readonly "os.features"?: readonly string[];
}

const ALIASES: Readonly<Record<string, { architecture: string; variant?: string }>> = {
  x86_64: { architecture: "amd64" },
  "x86-64": { architecture: "amd64" },
  aarch64: { architecture: "arm64" },
  armhf: { architecture: "arm", variant: "v7" },
  armel: { architecture: "arm", variant: "v6" },
  i386: { architecture: "386" },
};

/** What one word alone may be: the systems and processors that Go knows, as in containerd. */
const SYSTEMS: ReadonlySet<string> = new Set("aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos".split(" "));
const ARCHITECTURES: ReadonlySet<string> = new Set((
  "386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm"
).split(" "));

/**
 * Reads `os[/architecture[/variant]]`, with containerd's aliases (`x86_64`, `aarch64`, …).
 * arm64's only variant v8 is dropped and arm without variant is v7, as containerd normalises.
 * @throws PLATFORM_INVALID
 */
export function parsePlatform(text: string, host: Platform = hostPlatform(process.arch)): Platform {
  const parts = text.trim().toLowerCase().split("/");
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw fault("PLATFORM_INVALID", { platform: text });
  }
  if (parts.length === 1) {
    const only = parts[0]!;
    if (only === "local") return host;
    if (SYSTEMS.has(only)) return { ...host, os: only };
    const platform = normalizePlatform({ os: host.os, architecture: only });
    if (!ARCHITECTURES.has(platform.architecture)) throw fault("PLATFORM_INVALID", { platform: text });
    return platform;
  }
  return normalizePlatform({ os: parts[0]!, architecture: parts[1]!, ...(parts[2] ? { variant: parts[2] } : {}) });
}

export function normalizePlatform(platform: Platform): Platform {
  const alias = ALIASES[platform.architecture];
  const architecture = alias?.architecture ?? platform.architecture;
  let variant = platform.variant || alias?.variant;
  if (architecture === "arm64" && (variant === "v8" || variant === "8")) variant = undefined;
  if (architecture === "amd64" && variant === "v1") variant = undefined;
  if (architecture === "arm" && variant === undefined) variant = "v7";
  if (architecture === "arm" && variant && /^\d$/.test(variant)) variant = `v${variant}`;
  const { variant: _dropped, ...rest } = platform;
  return { ...rest, architecture, ...(variant ? { variant } : {}) };
}

/** `linux/arm/v7` */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = normalizePlatform(platform);
  return [os, architecture, variant].filter(Boolean).join("/");
}

/** The platform of a machine, from Node's name for its processor. */
export function hostPlatform(nodeArch: string): Platform {
  const architecture = { x64: "amd64", ia32: "386", ppc64: "ppc64le" }[nodeArch] ?? nodeArch;
  return normalizePlatform({ os: "linux", architecture });
}

/** Whether an image for `offered` runs where `wanted` is asked for; lower arm variants run on higher ones. */
export function platformMatches(wanted: Platform, offered: Platform): boolean {
  const a = normalizePlatform(wanted);
  const b = normalizePlatform(offered);
  if (a.os !== b.os || a.architecture !== b.architecture) return false;
  if (a.variant === b.variant) return true;
  if (a.architecture === "arm") return (b.variant ?? "v7") <= (a.variant ?? "v7");
  return b.variant === undefined;
}
